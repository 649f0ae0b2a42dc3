import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { JSONExt } from '@lumino/coreutils';
import { Throttler } from '@lumino/polling';

import type { Environment, NotebookRecord } from '../../api/generated';
import { toFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import { showDifferences } from '../../dialogs/differences';
import { notifyFailure } from '../../dialogs/failureDetails';
import {
  readRecord,
  RECORD_KEY,
  recreateRequest
} from '../../models/notebook/notebookRecord';
import { plan } from '../../plan';
import { ITfenvManager } from '../../tokens';
import { panelPlugin } from '../panel/panel';

/** Least milliseconds between two looks for changes of environments while a document is edited. */
const LOOK_MS = 10000;

const NO_ARGS = { args: { type: 'object', properties: {} } } as const;

/** Plugin that records a notebook's environment, on demand or on save, and compares the two. */
export const recordPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:record',
  description: 'Records the environment of a notebook in its metadata.',
  autoStart: true,
  requires: [ITfenvManager, INotebookTracker],
  optional: [ITranslator, ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { commands } = app;
    const { environments, records } = manager;
    let onSave = false;
    let withLock = true;

    const environmentOf = (notebook: NotebookPanel): Environment | undefined =>
      environments.byKernel(
        notebook.sessionContext.session?.kernel?.name ?? null
      );

    /** Write a record to a notebook, unless it has the same one; that would mark the notebook as changed. */
    const write = (notebook: NotebookPanel, record: NotebookRecord): void => {
      const { model } = notebook.context;
      const value = { ...record, lock: withLock ? record.lock : null };
      const before = model.getMetadata(RECORD_KEY) as ReadonlyPartialJSONObject;
      if (!JSONExt.deepEqual(before ?? null, value)) {
        model.setMetadata(RECORD_KEY, value);
      }
    };

    const compare = (): void => {
      const notebook = tracker.currentWidget;
      const environment = notebook && environmentOf(notebook);
      const record = readRecord(notebook?.model?.getMetadata(RECORD_KEY));
      void records.compare(environment ?? null, record);
    };

    commands.addCommand(CommandIDs.recordEnvironment, {
      label: trans.__('Record Environment in Notebook'),
      caption: trans.__(
        "Store a record of the environment in the notebook's metadata"
      ),
      describedBy: NO_ARGS,
      isEnabled: () => tracker.currentWidget !== null,
      execute: async () => {
        const notebook = tracker.currentWidget;
        if (!notebook) {
          return;
        }
        await environments.refresh();
        const environment = environmentOf(notebook);
        if (!environment) {
          Notification.warning(
            trans.__(
              "This notebook's kernel does not belong to a known environment."
            ),
            { autoClose: 5000 }
          );
          return;
        }
        try {
          write(notebook, await records.read(environment));
          Notification.success(
            trans.__('%1 is recorded in the notebook.', environment.name),
            { autoClose: 5000 }
          );
          compare();
        } catch (error) {
          notifyFailure(environment.name, toFailure(error), trans);
        }
      }
    });
    commands.addCommand(CommandIDs.recreateEnvironment, {
      label: trans.__('Recreate Environment from Notebook…'),
      caption: trans.__('Plan the environment in the notebook record'),
      describedBy: NO_ARGS,
      isEnabled: () =>
        readRecord(tracker.currentWidget?.model?.getMetadata(RECORD_KEY)) !==
        null,
      execute: async () => {
        const { currentWidget } = tracker;
        const record = readRecord(
          currentWidget?.model?.getMetadata(RECORD_KEY)
        );
        if (record) {
          await environments.refresh();
          const request = recreateRequest(record, environments.names);
          await plan(commands, request);
        }
      }
    });
    commands.addCommand(CommandIDs.showDifferences, {
      label: trans.__('Compare Environment with Notebook…'),
      caption: trans.__('Show the differences from the notebook record'),
      describedBy: NO_ARGS,
      isEnabled: () => !!records.comparison?.differences.length,
      execute: async () => {
        const { comparison } = records;
        const action = comparison && (await showDifferences(comparison, trans));
        if (action === 'record') {
          await commands.execute(CommandIDs.recordEnvironment);
        } else if (action === 'recreate') {
          await commands.execute(CommandIDs.recreateEnvironment);
        }
      }
    });

    /** Notebooks that were saved before their record was read. */
    const missed = new WeakSet<NotebookPanel>();
    /** State of the environment that was read last for a notebook. */
    const states = new WeakMap<NotebookPanel, string>();

    /** Read the record ahead of the next save, which cannot wait for the server. */
    const read = async (notebook: NotebookPanel): Promise<void> => {
      const { context } = notebook;
      const environment = environmentOf(notebook);
      if (!onSave || !environment) {
        return;
      }
      states.set(notebook, stateOf(environment));
      const record = await records.read(environment).catch(() => undefined);
      if (!record || notebook.isDisposed) {
        return;
      }
      if (context.model.collaborative) {
        // The server saves the document whenever it changes, and no signal precedes that.
        write(notebook, record);
      } else if (missed.delete(notebook)) {
        write(notebook, record);
        void context.save();
      }
    };
    const readChanged = (notebook: NotebookPanel): void => {
      const environment = environmentOf(notebook);
      if (environment && states.get(notebook) !== stateOf(environment)) {
        void read(notebook);
      }
    };
    // Another program may have changed the environment. Without an open panel, nobody asks.
    const look = new Throttler(() => environments.refresh(), LOOK_MS);
    const follow = (notebook: NotebookPanel): void => {
      const { context } = notebook;
      context.model.contentChanged.connect(() => {
        if (onSave && context.model.collaborative) {
          void look.invoke();
        }
      });
      notebook.sessionContext.kernelChanged.connect(() => {
        compare();
        void read(notebook);
      });
      context.saveState.connect((_, state) => {
        const environment = environmentOf(notebook);
        if (onSave && state === 'started' && environment) {
          const record = records.known(environment);
          if (record) {
            write(notebook, record);
          } else {
            missed.add(notebook);
          }
        } else if (state === 'completed') {
          compare();
          void read(notebook);
        }
      });
    };
    tracker.widgetAdded.connect((_, notebook) => follow(notebook));
    tracker.currentChanged.connect(compare);
    environments.stateChanged.connect(() => {
      compare();
      tracker.forEach(readChanged);
    });

    const category = trans.__('TensorFlow Environments');
    for (const command of [
      CommandIDs.recordEnvironment,
      CommandIDs.recreateEnvironment,
      CommandIDs.showDifferences
    ]) {
      palette?.addItem({ command, category });
    }

    void registry?.load(panelPlugin.id).then(settings => {
      const apply = (): void => {
        onSave = settings.get('recordOnSave').composite === true;
        withLock = settings.get('recordLock').composite !== false;
      };
      apply();
      tracker.forEach(readChanged);
      settings.changed.connect(() => {
        apply();
        tracker.forEach(readChanged);
      });
    });
  }
};

/** Return a text that changes when the packages of an environment do. */
function stateOf({ id, modified }: Environment): string {
  return `${id} ${modified}`;
}
