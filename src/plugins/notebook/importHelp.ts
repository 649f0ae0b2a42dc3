import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { Environment, PlanRequest } from '../../api/generated';
import { toFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import { withoutMark } from '../../models/form/packages';
import type {
  Framework,
  IFailedImport,
  IKernelError
} from '../../models/notebook/imports';
import {
  alternative,
  failedImport,
  installation,
  installRequest,
  isFramework
} from '../../models/notebook/imports';
import { pipArguments } from '../../models/notebook/pipInstall';
import { plan } from '../../plan';
import { ITfenvManager } from '../../tokens';
import { panelPlugin } from '../panel/panel';

/** Milliseconds after which a notification closes. */
const CLOSE_AFTER = 30_000;

/** Plugin that offers help when a cell fails to import a package, or runs pip install. */
export const importHelpPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:cells',
  description: 'Offers help when a cell fails to import a package.',
  autoStart: true,
  requires: [ITfenvManager],
  optional: [INotebookTracker, ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    tracker: INotebookTracker | null,
    translator: ITranslator | null,
    registry: ISettingRegistry | null
  ): void => {
    if (!tracker) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { commands } = app;
    const { catalog, environments } = manager;
    /** Ids of the notifications from the last run of each cell, by the cell's model. */
    const shown = new WeakMap<object, string>();

    const action = (
      label: string,
      command: string,
      args: object = {}
    ): Notification.IAction => ({
      label,
      callback: () => {
        void commands.execute(command, { ...args });
      }
    });
    const planning = (
      label: string,
      request: PlanRequest
    ): Notification.IAction => ({
      label,
      callback: () => {
        void plan(commands, request);
      }
    });

    const notify = (
      cell: object,
      message: string,
      actions: Notification.IAction[]
    ): void => {
      // The notification from an earlier run of the cell is out of date.
      Notification.dismiss(shown.get(cell) ?? 'none');
      const options = { autoClose: CLOSE_AFTER, actions } as const;
      shown.set(cell, Notification.warning(message, options));
    };

    /** Find the environment of a notebook's kernel. */
    const environmentOf = async (
      panel: NotebookPanel
    ): Promise<Environment | undefined> => {
      // The known list may be older than what the cell ran into.
      await environments.refresh();
      const kernel = panel.sessionContext.session?.kernel?.name;
      return environments.byKernel(kernel ?? null);
    };

    /** Name an environment, or the notebook's kernel if there is none, within a sentence. */
    const placeOf = (
      environment: Environment | undefined,
      panel: NotebookPanel
    ): string =>
      environment
        ? trans.__('the environment “%1”', environment.name)
        : trans.__('the kernel “%1”', panel.sessionContext.kernelDisplayName);

    const helpWithFramework = async (
      cell: { readonly id: string },
      module: Framework,
      isMissing: boolean,
      panel: NotebookPanel
    ): Promise<void> => {
      const environment = await environmentOf(panel);
      const actions: Notification.IAction[] = [];
      const other = alternative(
        environments.environments ?? [],
        module,
        environment
      );
      if (environment && !isMissing) {
        const args = { environment: environment.id };
        actions.push(
          action(
            trans.__('Check Environment'),
            CommandIDs.checkEnvironment,
            args
          )
        );
      }
      if (other) {
        actions.push(
          action(
            trans.__('Switch to %1', other.name),
            CommandIDs.useInNotebook,
            {
              environment: other.id,
              notebook: panel.id
            }
          )
        );
      }
      const request =
        environment && isMissing ? installation(environment, module) : null;
      if (request) {
        actions.push(planning(trans.__('Install…'), request));
      }
      actions.push(
        action(trans.__('New Environment…'), CommandIDs.newEnvironment, {
          notebook: panel.id,
          cell: cell.id
        })
      );
      const place = placeOf(environment, panel);
      const message = isMissing
        ? trans.__('%1 is not installed in %2.', module, place)
        : trans.__('%1 cannot be imported in %2.', module, place);
      notify(cell, message, actions);
    };

    const helpWithOther = async (
      cell: object,
      module: string,
      panel: NotebookPanel
    ): Promise<void> => {
      const environment = await environmentOf(panel);
      if (!environment || !installRequest(environment, [module])) {
        return;
      }
      const message = trans.__(
        '%1 is not installed in %2.',
        module,
        placeOf(environment, panel)
      );
      let spec: string | null;
      try {
        spec = await catalog.moduleSpec(module);
      } catch (error) {
        const reason = trans.__(
          'The package search failed: %1',
          toFailure(error).message
        );
        notify(cell, `${message} ${reason}`, []);
        return;
      }
      const request = spec && installRequest(environment, [spec]);
      if (spec && request) {
        notify(cell, message, [
          planning(trans.__('Install %1…', withoutMark(spec)), request)
        ]);
        return;
      }
      const reason = trans.__(
        'No channel and no package index has a package with this name. If the module is your own, check that the notebook can find its file.'
      );
      notify(cell, `${message} ${reason}`, []);
    };

    const helpWithPip = async (
      cell: object,
      words: readonly string[],
      panel: NotebookPanel
    ): Promise<void> => {
      let specs: readonly string[];
      try {
        specs = await catalog.condaSpecs(words);
      } catch {
        // Without an answer there is nothing to offer, and pip runs anyway.
        return;
      }
      if (specs.length === 0) {
        return;
      }
      const environment = await environmentOf(panel);
      const request = environment && installRequest(environment, specs);
      if (environment && request) {
        notify(
          cell,
          trans.__(
            'pip would mix its files with those of conda in %1. Install with a plan instead.',
            placeOf(environment, panel)
          ),
          [planning(trans.__('Review Plan…'), request)]
        );
      }
    };

    const panelOf = (notebook: Notebook): NotebookPanel | undefined =>
      tracker.find(panel => panel.content === notebook);

    let isOn = true;
    NotebookActions.executed.connect((_, { notebook, cell, error }) => {
      const failed = error ? importOf(error) : null;
      const panel = panelOf(notebook);
      if (!isOn || !failed || !panel) {
        return;
      }
      const { module, isMissing } = failed;
      void (isFramework(module)
        ? helpWithFramework(cell.model, module, isMissing, panel)
        : helpWithOther(cell.model, module, panel));
    });
    NotebookActions.executionScheduled.connect((_, { notebook, cell }) => {
      const { type, sharedModel } = cell.model;
      const panel = panelOf(notebook);
      if (!isOn || type !== 'code' || !panel) {
        return;
      }
      const words = pipArguments(sharedModel.getSource());
      if (words.length > 0) {
        void helpWithPip(cell.model, words, panel);
      }
    });
    void registry?.load(panelPlugin.id).then(settings => {
      const apply = (): void => {
        isOn = settings.get('helpInCells').composite !== false;
      };
      apply();
      settings.changed.connect(apply);
    });
  }
};

/** Find the failed import; null for an error that does not come from the kernel, such as a lost connection. */
function importOf(error: Error): IFailedImport | null {
  return 'errorName' in error
    ? failedImport(error as unknown as IKernelError)
    : null;
}
