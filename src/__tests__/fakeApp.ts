import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { Event, Kernel } from '@jupyterlab/services';
import { CommandRegistry } from '@lumino/commands';
import { Signal, Stream } from '@lumino/signaling';
import { ContextMenu, Widget } from '@lumino/widgets';

import type { Environment, Job } from '../api/generated';
import { CommandIDs } from '../commandids';
import { JOB_EVENT } from '../models/state/jobs';
import { notebookPlugin } from '../plugins/notebook/notebook';
import { changesPlugin } from '../plugins/panel/changes';
import { deletionsPlugin } from '../plugins/panel/deletions';
import { environmentsPlugin } from '../plugins/panel/environments';
import { filesPlugin } from '../plugins/panel/files';
import { kernelsPlugin } from '../plugins/panel/kernels';
import { localChannelPlugin } from '../plugins/panel/localChannel';
import { createManager } from '../plugins/panel/manager';
import { notificationsPlugin } from '../plugins/panel/notifications';
import { panelPlugin } from '../plugins/panel/panel';
import { selectionPlugin } from '../plugins/panel/selection';
import type { ITfenvManager } from '../tokens';
import { FakeContents } from './fakeContents';
import { FakeServer } from './fakeServer';
import { CATALOG } from './catalogFixtures';
import { environment, recognized, STATUS } from './fixtures';

// JupyterLab renders in its own message loop, outside of React's act().
beforeAll(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
});

/**
 * A JupyterLab with the parts that the extension uses, on a fake server. The extension's plugins are real.
 */
export class FakeApp {
  constructor(
    readonly server: FakeServer,
    tracker: INotebookTracker | null = null,
    settings: Pick<ISettingRegistry, 'load'> | null = null
  ) {
    const { commands } = this;
    commands.addCommand('notebook:create-new', {
      execute: args => {
        this.notebooks.push(String(args.kernelName));
      }
    });
    const serviceManager = {
      serverSettings: server.settings,
      events: { stream: this._stream },
      contents: this.contents,
      kernelspecs: {
        specs: { kernelspecs: this._specs },
        specsChanged: this._specsChanged,
        refreshSpecs: async () => {
          this.specsRead++;
          this.kernelspecs = this.made;
        }
      },
      sessions: { refreshRunning: async () => undefined },
      kernels: {
        refreshRunning: async () => undefined,
        running: () => this.running.values()
      }
    };
    const front = (): Widget | null =>
      this._front === undefined
        ? (tracker?.currentWidget ?? null)
        : this._front;
    const shell = {
      get currentWidget() {
        return front();
      },
      currentChanged: this._currentChanged,
      add: (widget: Widget) => {
        Widget.attach(widget, document.body);
        this.panel = widget;
      },
      activateById: () => this.panel?.show()
    };
    this._app = {
      commands,
      serviceManager,
      shell,
      contextMenu: new ContextMenu({ commands }),
      contextMenuHitTest: () => undefined
    } as unknown as JupyterFrontEnd;
    this.manager = createManager(this._app.serviceManager, null);
    const plugins = [
      environmentsPlugin,
      kernelsPlugin,
      selectionPlugin,
      changesPlugin,
      deletionsPlugin,
      notificationsPlugin,
      localChannelPlugin
    ];
    this.activate(notebookPlugin, tracker, null);
    this.activate(panelPlugin, null, null, null, settings);
    plugins.forEach(plugin => this.activate(plugin, null, null, null, null));
    this.activate(filesPlugin, null, null, this.contents.browsers);
  }

  /** Activate a plugin that requires the manager, with its other dependencies. */
  activate(plugin: JupyterFrontEndPlugin<void>, ...rest: unknown[]): void {
    void plugin.activate(this._app, this.manager, ...rest);
  }

  /** Set what the server says about every text. */
  recognize(...answer: Parameters<typeof recognized>): void {
    this.server.routes['POST files'] = recognized(...answer);
  }

  /** Set the server's kernels: the metadata of their kernelspecs by name. */
  set kernelspecs(metadata: Record<string, object>) {
    for (const [name, value] of Object.entries(metadata)) {
      this._specs[name] = { metadata: value };
    }
    this._specsChanged.emit();
  }

  readonly contents = new FakeContents();
  readonly commands = new CommandRegistry();
  readonly manager: ITfenvManager;
  /** Names of the kernels of all opened notebooks. */
  readonly notebooks: string[] = [];
  /** Running kernels. */
  running: Kernel.IModel[] = [];
  /** Running kernels after the next refresh. */
  made: Record<string, object> = {};
  /** Number of refreshes of the kernelspecs. */
  specsRead = 0;
  panel: Widget | null = null;

  /** Show another document than the notebook; null shows none. */
  bringToFront(widget: Widget | null): void {
    this._front = widget;
    this._currentChanged.emit();
  }

  /** Open the panel on a server that has only these environments. */
  static async open(
    environments: readonly Environment[] = [environment('tf219')]
  ): Promise<FakeApp> {
    const app = new FakeApp(
      new FakeServer({
        'GET status': STATUS,
        'GET environments': { environments },
        'GET tensorflow?prereleases=1': CATALOG,
        'GET jobs': { jobs: [] }
      })
    );
    await app.commands.execute(CommandIDs.openPanel);
    await app.manager.environments.refresh();
    return app;
  }

  /** Texts of the notifications. */
  get toasts(): string[] {
    return Notification.manager.notifications.map(item => item.message);
  }

  /** Buttons of the notifications. */
  get toastActions(): Notification.IAction[] {
    return Notification.manager.notifications.flatMap(
      item => item.options.actions ?? []
    );
  }

  /** Press a button of a notification. */
  pressToast(label: string): void {
    const found = this.toastActions.find(action => action.label === label);
    if (!found) {
      throw new Error(`no action ${label}`);
    }
    found.callback(new MouseEvent('click'));
  }

  /** Finish a job on the server. */
  finish(running: Job, change: Partial<Job> = {}): void {
    this.emit({
      ...running,
      state: 'succeeded',
      phase: null,
      finished: new Date().toISOString(),
      ...change
    });
  }

  /** Emit an event with a job. */
  emit(job: Job): void {
    const emission: unknown = { ...job, schema_id: JOB_EVENT };
    this._stream.emit(emission as Event.Emission);
  }

  dispose(): void {
    this.panel?.dispose();
    Object.values(this.manager).forEach(model => model.dispose());
    Notification.dismiss();
  }

  private readonly _app: JupyterFrontEnd;
  private _front: Widget | null | undefined = undefined;
  private readonly _currentChanged = new Signal<object, void>({});
  private readonly _specsChanged = new Signal<object, void>({});
  private readonly _specs: Record<string, { metadata: object }> = {};
  private readonly _stream = new Stream<Event.IManager, Event.Emission>(
    {} as Event.IManager
  );
}
