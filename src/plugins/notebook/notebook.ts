import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { KernelAPI } from '@jupyterlab/services';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { notebookIcon } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import type { Environment } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { notifyGone } from '../../dialogs/failureDetails';
import { ITfenvManager } from '../../tokens';
import {
  ENVIRONMENT_ARGS,
  environmentFinder
} from '../panel/environmentCommands';

/** Plugin with the commands that connect notebooks to environments; it also tracks the current notebook's kernel. */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:notebook',
  description:
    'Opens notebooks with an environment and tracks the current one.',
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

    /** Say why an environment cannot be used in a notebook. */
    const explainNoKernel = (environment: Environment | undefined): void => {
      if (environment) {
        Notification.warning(trans.__('%1 has no kernel.', environment.name), {
          autoClose: 5000
        });
      } else {
        notifyGone(trans);
      }
    };

    commands.addCommand(CommandIDs.openNotebook, {
      label: trans.__('Open Notebook'),
      caption: trans.__("Open a new notebook with this environment's kernel"),
      icon: notebookIcon,
      describedBy: ENVIRONMENT_ARGS,
      isEnabled: args => {
        const environment = find(args);
        return (
          !!environment?.kernel && !manager.jobs.activeOn(environment.prefix)
        );
      },
      execute: async args => {
        const environment = find(args);
        const kernelName = environment?.kernel?.name;
        if (kernelName) {
          await serviceManager.kernelspecs.refreshSpecs();
          await commands.execute('notebook:create-new', { kernelName });
        } else {
          explainNoKernel(environment);
        }
      }
    });
    commands.addCommand(CommandIDs.useInNotebook, {
      label: trans.__('Use in Current Notebook'),
      caption: trans.__('Switch the current notebook to this environment'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...ENVIRONMENT_ARGS.args.properties,
            notebook: {
              type: 'string',
              description:
                'Widget id of the notebook; defaults to the current notebook.'
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
          kernelOf(tracker.currentWidget)?.name !== environment.kernel.name
        );
      },
      execute: async args => {
        const name = find(args)?.kernel?.name;
        const notebook =
          tracker?.find(item => item.id === args.notebook) ??
          tracker?.currentWidget;
        if (!name) {
          explainNoKernel(find(args));
        } else if (notebook) {
          await serviceManager.kernelspecs.refreshSpecs();
          await notebook.sessionContext.changeKernel({ name });
        }
      }
    });
    commands.addCommand(CommandIDs.restartKernels, {
      label: trans.__('Restart Kernels'),
      caption: trans.__('Restart the running kernels of a changed environment'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            kernel: { type: 'string', description: 'Name of a kernelspec.' },
            environment: {
              type: 'string',
              description:
                'Environment id; only its kernels that must restart are restarted.'
            }
          }
        }
      },
      execute: async args => {
        const outdated = find(args)?.outdated_kernels;
        await serviceManager.kernels.refreshRunning();
        const running = [...serviceManager.kernels.running()].filter(kernel =>
          outdated ? outdated.includes(kernel.id) : kernel.name === args.kernel
        );
        await Promise.all(
          running.map(({ id }) => {
            const notebook = tracker?.find(
              item => item.sessionContext.session?.kernel?.id === id
            );
            // An open notebook must know that its kernel restarts.
            return notebook
              ? notebook.sessionContext.restartKernel()
              : KernelAPI.restartKernel(id, serviceManager.serverSettings);
          })
        );
        await manager.environments.refresh();
      }
    });

    if (tracker) {
      // The tracker keeps the last notebook when another document is in front.
      const follow = (): void => {
        const kernel = kernelOf(
          tracker.find(item => item === app.shell.currentWidget)
        );
        manager.environments.setCurrent(kernel?.name ?? null, kernel?.id);
      };
      serviceManager.kernelspecs.specsChanged.connect(() =>
        tracker.forEach(showKernelName)
      );
      tracker.currentChanged.connect(follow);
      app.shell.currentChanged?.connect(follow);
      tracker.widgetAdded.connect((_, { sessionContext }: NotebookPanel) => {
        sessionContext.kernelChanged.connect(follow);
        // A kernel may restart in more ways than by our command.
        let isRestarting = false;
        sessionContext.statusChanged.connect((_, status) => {
          if (isRestarting && status === 'idle') {
            void manager.environments.refresh();
          }
          isRestarting = status.includes('restarting') || isRestarting;
          isRestarting &&= status !== 'idle';
        });
      });
    }
  }
};

/** Return the kernel that runs a notebook. */
function kernelOf(
  notebook: NotebookPanel | null | undefined
): Kernel.IKernelConnection | null | undefined {
  return notebook?.sessionContext.session?.kernel;
}

/** Render the kernel's name in a toolbar again: JupyterLab does so only when a notebook gets another kernel. */
function showKernelName({ toolbar }: NotebookPanel): void {
  for (const item of toolbar.children()) {
    if (item.hasClass('jp-KernelName') && item.isAttached) {
      MessageLoop.sendMessage(item, Widget.Msg.BeforeDetach);
      MessageLoop.sendMessage(item, Widget.Msg.AfterAttach);
    }
  }
}
