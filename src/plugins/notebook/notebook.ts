import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import { KernelAPI } from '@jupyterlab/services';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { notebookIcon } from '@jupyterlab/ui-components';

import { CommandIDs } from '../../commandids';
import { ITfenvManager } from '../../tokens';
import { ENVIRONMENT_ARGS, environmentFinder } from '../panel/environments';

/** Notebooks and environments: open one on it, switch to it, and know which one the notebook in front uses. */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:notebook',
  description: 'Opens notebooks on environments and follows the one in front.',
  autoStart: true,
  requires: [ITfenvManager],
  optional: [INotebookTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    tracker: INotebookTracker | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { commands, serviceManager } = app;
    const find = environmentFinder(app, manager);

    commands.addCommand(CommandIDs.openNotebook, {
      label: trans.__('Open Notebook'),
      caption: trans.__('Open a new notebook on this environment'),
      icon: notebookIcon,
      describedBy: ENVIRONMENT_ARGS,
      isEnabled: args => !!find(args)?.kernel,
      execute: async args => {
        const kernelName = find(args)?.kernel?.name;
        if (kernelName) {
          await serviceManager.kernelspecs.refreshSpecs();
          await commands.execute('notebook:create-new', { kernelName });
        }
      }
    });
    commands.addCommand(CommandIDs.useInNotebook, {
      label: trans.__('Use in Current Notebook'),
      caption: trans.__('Switch the notebook in front to this environment'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...ENVIRONMENT_ARGS.args.properties,
            notebook: {
              type: 'string',
              description: 'Id of its widget; the notebook in front without it.'
            }
          }
        }
      },
      isVisible: () => tracker !== null,
      isEnabled: args => {
        const environment = find(args);
        return (
          !!tracker?.currentWidget &&
          !!environment?.kernel &&
          !manager.environments.isCurrent(environment)
        );
      },
      execute: async args => {
        const name = find(args)?.kernel?.name;
        const notebook =
          tracker?.find(item => item.id === args.notebook) ??
          tracker?.currentWidget;
        if (name && notebook) {
          await serviceManager.kernelspecs.refreshSpecs();
          await notebook.sessionContext.changeKernel({ name });
        }
      }
    });
    commands.addCommand(CommandIDs.restartKernels, {
      label: trans.__('Restart Kernels'),
      caption: trans.__('Restart what runs in an environment that changed'),
      describedBy: {
        args: {
          type: 'object',
          required: ['kernel'],
          properties: {
            kernel: { type: 'string', description: 'Name of a kernelspec.' }
          }
        }
      },
      execute: async args => {
        await serviceManager.kernels.refreshRunning();
        const running = [...serviceManager.kernels.running()].filter(
          kernel => kernel.name === args.kernel
        );
        await Promise.all(
          running.map(({ id }) => {
            const notebook = tracker?.find(
              item => item.sessionContext.session?.kernel?.id === id
            );
            // An open notebook has to know that its kernel begins anew.
            return notebook
              ? notebook.sessionContext.restartKernel()
              : KernelAPI.restartKernel(id, serviceManager.serverSettings);
          })
        );
      }
    });

    if (tracker) {
      const follow = (): void => {
        const context = tracker.currentWidget?.sessionContext;
        manager.environments.currentKernel =
          context?.session?.kernel?.name ?? null;
      };
      tracker.currentChanged.connect(follow);
      tracker.widgetAdded.connect((_, notebook: NotebookPanel) => {
        notebook.sessionContext.kernelChanged.connect(follow);
      });
    }
  }
};
