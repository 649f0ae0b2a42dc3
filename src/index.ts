import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { importHelpPlugin } from './plugins/notebook/importHelp';
import { missingKernelPlugin } from './plugins/notebook/missingKernel';
import { movingPlugin } from './plugins/notebook/moving';
import { notebookPlugin } from './plugins/notebook/notebook';
import { recordPlugin } from './plugins/notebook/record';
import { statusBarPlugin } from './plugins/notebook/statusbar';
import { toolsPlugin } from './plugins/notebook/tools';
import { changesPlugin } from './plugins/panel/changes';
import { deletionsPlugin } from './plugins/panel/deletions';
import { environmentsPlugin } from './plugins/panel/environments';
import { filesPlugin } from './plugins/panel/files';
import { kernelsPlugin } from './plugins/panel/kernels';
import { launcherPlugin } from './plugins/panel/launcher';
import { localChannelPlugin } from './plugins/panel/localChannel';
import { managerPlugin } from './plugins/panel/manager';
import { notificationsPlugin } from './plugins/panel/notifications';
import { panelPlugin } from './plugins/panel/panel';
import { selectionPlugin } from './plugins/panel/selection';

export { ITfenvManager } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  managerPlugin,
  panelPlugin,
  environmentsPlugin,
  kernelsPlugin,
  selectionPlugin,
  changesPlugin,
  deletionsPlugin,
  filesPlugin,
  notebookPlugin,
  importHelpPlugin,
  statusBarPlugin,
  missingKernelPlugin,
  movingPlugin,
  recordPlugin,
  toolsPlugin,
  notificationsPlugin,
  localChannelPlugin,
  launcherPlugin
];

export default plugins;
