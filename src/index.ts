import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { cellsPlugin } from './plugins/cells';
import { changesPlugin } from './plugins/changes';
import { environmentsPlugin } from './plugins/environments';
import { filesPlugin } from './plugins/files';
import { localChannelPlugin } from './plugins/localChannel';
import { managerPlugin } from './plugins/manager';
import { missingKernelPlugin } from './plugins/missingKernel';
import { notebookPlugin } from './plugins/notebook';
import { notificationsPlugin } from './plugins/notifications';
import { panelPlugin } from './plugins/panel';
import { statusBarPlugin } from './plugins/statusbar';
import { recordPlugin } from './plugins/record';

export { ITfenvManager } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  managerPlugin,
  panelPlugin,
  environmentsPlugin,
  changesPlugin,
  filesPlugin,
  notebookPlugin,
  cellsPlugin,
  statusBarPlugin,
  missingKernelPlugin,
  recordPlugin,
  notificationsPlugin,
  localChannelPlugin
];

export default plugins;
