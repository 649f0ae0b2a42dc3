import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

/**
 * A notebook with the parts that the extension uses: metadata, kernel and save events.
 */
export class FakeNotebook {
  constructor(
    readonly metadata: Record<string, unknown> = {},
    kernel: string | null = null
  ) {
    this._kernel = kernel;
  }

  /** Metadata in the file, as the extension saved it; null before that. */
  file: Record<string, unknown> | null = null;

  /** Items of its toolbar. */
  toolbarItems: Widget[] = [];

  /** Names of the kernels that it was switched to. */
  readonly switched: string[] = [];

  readonly panel = {
    id: 'notebook-1',
    isDisposed: false,
    toolbar: { children: (): Iterable<Widget> => this.toolbarItems },
    context: {
      path: 'work/analysis.ipynb',
      ready: Promise.resolve(),
      saveState: new Signal<object, string>(this),
      save: async (): Promise<void> => {
        this.file = this.save();
      },
      model: {
        /** Whether the server saves the document by itself. */
        collaborative: false,
        contentChanged: new Signal<object, void>(this),
        getMetadata: (key: string): unknown => this.metadata[key],
        setMetadata: (key: string, value: unknown): void => {
          this.metadata[key] = value;
        }
      }
    },
    sessionContext: {
      session: { kernel: { name: '', id: 'k1' } },
      statusChanged: new Signal<object, string>(this),
      kernelChanged: new Signal<object, void>(this),
      kernelPreference: {} as ISessionContext.IKernelPreference,
      kernelPreferenceChanged: new Signal<
        object,
        { newValue: ISessionContext.IKernelPreference }
      >(this),
      changeKernel: async ({ name }: { name: string }): Promise<void> => {
        this.switched.push(name);
        this.setKernel(name);
      }
    }
  };

  /** Set the kernel, as JupyterLab does some time after it opens a notebook. */
  setKernel(name: string): void {
    this.panel.sessionContext.session.kernel.name = name;
    this.panel.sessionContext.kernelChanged.emit();
  }

  /** Finish loading the file; JupyterLab looks for a kernel next. */
  prefer(name: string): void {
    const { sessionContext } = this.panel;
    sessionContext.kernelPreference = { name };
    sessionContext.kernelPreferenceChanged.emit({ newValue: { name } });
  }

  /** Save, and return the written metadata: what it holds when the save starts. */
  save(): Record<string, unknown> {
    this.panel.context.saveState.emit('started');
    const saved = { ...this.metadata };
    this.panel.context.saveState.emit('completed');
    return saved;
  }

  /** A tracker whose current widget is this notebook, once it is open. */
  readonly tracker = {
    currentWidget: null as unknown,
    currentChanged: new Signal<object, void>(this),
    widgetAdded: new Signal<object, NotebookPanel>(this),
    forEach: (act: (panel: NotebookPanel) => void): void =>
      this._panels.forEach(act),
    find: (test: (panel: NotebookPanel) => boolean): unknown =>
      this._panels.find(test),
    filter: (test: (panel: NotebookPanel) => boolean): unknown =>
      this._panels.filter(test)
  };

  get asTracker(): INotebookTracker {
    return this.tracker as unknown as INotebookTracker;
  }

  open(): void {
    const { panel, tracker } = this;
    Object.assign(panel, { model: panel.context.model });
    tracker.currentWidget = panel;
    tracker.widgetAdded.emit(panel as unknown as NotebookPanel);
    tracker.currentChanged.emit();
    if (this._kernel !== null) {
      this.setKernel(this._kernel);
    }
  }

  private readonly _kernel: string | null;
  private get _panels(): NotebookPanel[] {
    return [this.panel as unknown as NotebookPanel];
  }
}
