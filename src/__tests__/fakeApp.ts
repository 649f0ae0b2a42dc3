import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Event, Kernel } from '@jupyterlab/services';
import { CommandRegistry } from '@lumino/commands';
import { Stream } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { Job } from '../api/generated';
import { JOB_EVENT } from '../models/jobs';
import { changesPlugin } from '../plugins/changes';
import { environmentsPlugin } from '../plugins/environments';
import { createManager } from '../plugins/manager';
import { notebookPlugin } from '../plugins/notebook';
import { notificationsPlugin } from '../plugins/notifications';
import { panelPlugin } from '../plugins/panel';
import type { ITfenvManager } from '../tokens';
import type { FakeServer } from './fakeServer';

/**
 * JupyterLab as far as the extension sees it, on a fake server; all plugins but the tokens' are the real ones.
 */
export class FakeApp {
  constructor(readonly server: FakeServer) {
    const { commands } = this;
    commands.addCommand('notebook:create-new', {
      execute: args => {
        this.notebooks.push(String(args.kernelName));
      }
    });
    const serviceManager = {
      serverSettings: server.settings,
      events: { stream: this._stream },
      kernelspecs: {
        refreshSpecs: async () => {
          this.specsRead++;
        }
      },
      kernels: {
        refreshRunning: async () => undefined,
        running: () => this.running.values()
      }
    };
    const shell = {
      add: (widget: Widget) => {
        Widget.attach(widget, document.body);
        this.panel = widget;
      },
      activateById: () => this.panel?.show()
    };
    const app = {
      commands,
      serviceManager,
      shell,
      contextMenuHitTest: () => undefined
    } as unknown as JupyterFrontEnd;
    this.manager = createManager(app.serviceManager, null);
    const plugins = [
      panelPlugin,
      environmentsPlugin,
      changesPlugin,
      notebookPlugin,
      notificationsPlugin
    ];
    plugins.forEach(plugin => {
      void plugin.activate(app, this.manager, null, null, null, null);
    });
  }

  readonly commands = new CommandRegistry();
  readonly manager: ITfenvManager;
  /** Kernels of the notebooks that were opened. */
  readonly notebooks: string[] = [];
  /** Kernels at work. */
  running: Kernel.IModel[] = [];
  /** How often the kernelspecs were read again. */
  specsRead = 0;
  panel: Widget | null = null;

  /** Let the server tell of a job. */
  emit(job: Job): void {
    const emission: unknown = { ...job, schema_id: JOB_EVENT };
    this._stream.emit(emission as Event.Emission);
  }

  dispose(): void {
    this.panel?.dispose();
    Object.values(this.manager).forEach(model => model.dispose());
  }

  private readonly _stream = new Stream<Event.IManager, Event.Emission>(
    {} as Event.IManager
  );
}
