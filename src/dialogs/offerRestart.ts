import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { CommandIDs } from '../commandids';

/** Return the notification button that restarts the running kernels of a kernelspec; none if there are none. */
export async function offerRestart(
  app: JupyterFrontEnd,
  kernel: string,
  trans: TranslationBundle
): Promise<Notification.IAction[]> {
  const { kernels } = app.serviceManager;
  await kernels.refreshRunning();
  const { length } = [...kernels.running()].filter(
    item => item.name === kernel
  );
  return length === 0
    ? []
    : [
        {
          label: trans._n('Restart Kernel', 'Restart %1 Kernels', length),
          callback: () => {
            void app.commands.execute(CommandIDs.restartKernels, { kernel });
          }
        }
      ];
}
