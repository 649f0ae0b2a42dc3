import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

/**
 * A notebook as far as the extension sees it: its metadata, its kernel, and when it is saved.
 */
export class FakeNotebook {
  constructor(
    readonly metadata: Record<string, unknown> = {},
    kernel: string | null = null
  ) {
    this._kernel = kernel;
  }

  /** The kernels that it was switched to. */
  readonly switched: string[] = [];

  readonly panel = {
    id: 'notebook-1',
    isDisposed: false,
    context: {
      path: 'work/analysis.ipynb',
      ready: Promise.resolve(),
      saveState: new Signal<object, string>(this),
      model: {
        getMetadata: (key: string): unknown => this.metadata[key],
        setMetadata: (key: string, value: unknown): void => {
          this.metadata[key] = value;
        }
      }
    },
    sessionContext: {
      session: { kernel: { name: '' } },
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

  /** Give it a kernel, as JupyterLab does some time after it was opened. */
  setKernel(name: string): void {
    this.panel.sessionContext.session.kernel.name = name;
    this.panel.sessionContext.kernelChanged.emit();
  }

  /** JupyterLab has read the file, and is about to look for a kernel. */
  prefer(name: string): void {
    const { sessionContext } = this.panel;
    sessionContext.kernelPreference = { name };
    sessionContext.kernelPreferenceChanged.emit({ newValue: { name } });
  }

  /** JupyterLab saves: what is in the metadata when it starts is what is written. */
  save(): Record<string, unknown> {
    this.panel.context.saveState.emit('started');
    const saved = { ...this.metadata };
    this.panel.context.saveState.emit('completed');
    return saved;
  }

  /** A tracker that has this notebook in front once it is opened. */
  readonly tracker = {
    currentWidget: null as unknown,
    currentChanged: new Signal<object, void>(this),
    widgetAdded: new Signal<object, NotebookPanel>(this)
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
}
