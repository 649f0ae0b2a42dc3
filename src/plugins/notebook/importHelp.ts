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
import { CommandIDs } from '../../commandids';
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
import { packageNames } from '../../models/notebook/packageNames';
import { condaSpecs } from '../../models/notebook/pipInstall';
import { plan } from '../../plan';
import { ITfenvManager } from '../../tokens';
import { panelPlugin } from '../panel/panel';

/** Milliseconds that a notification stays up by itself. */
const STAYS = 30_000;

/** Help where a cell fails to import something, or has pip install what a plan would do properly. */
export const importHelpPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:cells',
  description: 'Offers what helps when a cell fails to import a package.',
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
    /** The notification that the last run of a cell led to, by the cell's model. */
    const told = new WeakMap<object, string>();

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

    const tell = (
      cell: object,
      message: string,
      actions: Notification.IAction[]
    ): void => {
      // What an earlier run of the cell led to is no longer true.
      Notification.dismiss(told.get(cell) ?? 'none');
      const options = { autoClose: STAYS, actions } as const;
      told.set(cell, Notification.warning(message, options));
    };

    /** The environment that a notebook really runs on; undefined where its kernel is of none. */
    const environmentOf = async (
      panel: NotebookPanel
    ): Promise<Environment | undefined> => {
      // A list that was read before the cell ran may be older than what the cell met.
      await environments.refresh();
      const kernel = panel.sessionContext.session?.kernel?.name;
      return environments.byKernel(kernel ?? null);
    };

    const ofFramework = async (
      cell: object,
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
          action(trans.__('Check it'), CommandIDs.checkEnvironment, args)
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
        actions.push(planning(trans.__('Install it here…'), request));
      }
      actions.push(
        action(trans.__('New environment…'), CommandIDs.newEnvironment)
      );
      const where = environment
        ? trans.__('%1, the environment of this notebook', environment.name)
        : trans.__(
            'the kernel of this notebook, %1',
            panel.sessionContext.kernelDisplayName
          );
      const message = isMissing
        ? trans.__('%1 is not installed in %2.', module, where)
        : trans.__('%1 could not be imported in %2.', module, where);
      tell(cell, message, actions);
    };

    const ofOther = async (
      cell: object,
      module: string,
      panel: NotebookPanel
    ): Promise<void> => {
      const environment = await environmentOf(panel);
      if (!environment) {
        return;
      }
      for (const name of packageNames(module)) {
        const request = installRequest(environment, [name]);
        const found = request ? await catalog.search(name) : [];
        if (request && found.some(item => item.name === name)) {
          const message = trans.__(
            '%1 is not installed in %2.',
            module,
            environment.name
          );
          tell(cell, message, [
            planning(trans.__('Install %1…', name), request)
          ]);
          return;
        }
      }
    };

    const ofPip = async (
      cell: object,
      specs: readonly string[],
      panel: NotebookPanel
    ): Promise<void> => {
      const environment = await environmentOf(panel);
      const request = environment && installRequest(environment, specs);
      if (environment && request) {
        tell(
          cell,
          trans.__(
            'pip would mix its own files with those that conda put into %1. A plan does it properly.',
            environment.name
          ),
          [planning(trans.__('Plan it…'), request)]
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
        ? ofFramework(cell.model, module, isMissing, panel)
        : ofOther(cell.model, module, panel));
    });
    NotebookActions.executionScheduled.connect((_, { notebook, cell }) => {
      const { type, sharedModel } = cell.model;
      const panel = panelOf(notebook);
      if (!isOn || type !== 'code' || !panel) {
        return;
      }
      const specs = condaSpecs(sharedModel.getSource());
      if (specs.length > 0) {
        void ofPip(cell.model, specs, panel);
      }
    });
    void registry?.load(panelPlugin.id).then(settings => {
      const take = (): void => {
        isOn = settings.get('helpInCells').composite !== false;
      };
      take();
      settings.changed.connect(take);
    });
  }
};

/** The import that failed; an error that is none of the kernel's (a lost connection) is about none. */
function importOf(error: Error): IFailedImport | null {
  return 'errorName' in error
    ? failedImport(error as unknown as IKernelError)
    : null;
}
