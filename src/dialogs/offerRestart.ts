import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { CommandIDs } from '../commandids';

/** The button of a notification that restarts what runs on a kernelspec; none where nothing does. */
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
          label: trans._n('Restart its kernel', 'Restart %1 kernels', length),
          callback: () => {
            void app.commands.execute(CommandIDs.restartKernels, { kernel });
          }
        }
      ];
}
