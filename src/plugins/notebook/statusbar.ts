import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { KernelSpec } from '@jupyterlab/services';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ITfenvManager } from '../../tokens';
import { StatusItem } from '../../widgets/statusItem';

/** The environment of the notebook in front, in the status bar. */
export const statusBarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:statusbar',
  description: 'Shows the environment of the notebook in front.',
  autoStart: true,
  requires: [ITfenvManager],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    if (!statusBar) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { environments, records } = manager;
    const { kernelspecs } = app.serviceManager;
    statusBar.registerStatusItem('tfenv-lab:statusbar', {
      item: new StatusItem({
        environments,
        records,
        commands: app.commands,
        trans
      }),
      align: 'left',
      rank: 2,
      isActive: () => environments.current !== undefined,
      activeStateChanged: environments.stateChanged
    });

    /** The kernel that was looked for last: each is asked about once. */
    let asked: string | null = null;
    const look = (): void => {
      const kernel = environments.currentKernel;
      if (kernel === null || kernel === asked || environments.current) {
        return;
      }
      if (isEnvironments(kernelspecs.specs?.kernelspecs[kernel])) {
        asked = kernel;
        void environments.refresh();
      }
    };
    environments.stateChanged.connect(look);
    // After a reload of the page notebooks can have their kernels before the kernelspecs are known.
    kernelspecs.specsChanged.connect(look);
  }
};

/** Whether a kernel is one of a conda environment: ours and nb_conda_kernels' say so in the same field. */
function isEnvironments(spec: KernelSpec.ISpecModel | undefined): boolean {
  return typeof spec?.metadata?.conda_env_path === 'string';
}
