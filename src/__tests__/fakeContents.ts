import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

/** The text files of a server, with a file browser. */
export class FakeContents {
  private _browser: unknown;
  private _changes = 0;
  private readonly _node = document.createElement('div');
  private _pointed: Contents.IModel | undefined;
  private _selected: Contents.IModel | undefined;
  private readonly _selectionChanged = new Signal<object, void>({});
  private readonly _widgetAdded = new Signal<object, unknown>({});

  /** Texts by path. */
  readonly files: Record<string, string> = {};
  /** The file browser's folder. */
  folder = '';
  /** Thrown for every file, if set. */
  error: Error | null = null;
  /** Whether no file can be read as UTF-8. */
  notUtf8 = false;
  /** Number of times that a file was requested. */
  reads = 0;

  readonly browsers = {
    tracker: {
      currentWidget: this.browser,
      forEach: (each: (browser: unknown) => void) => each(this._browser),
      widgetAdded: this._widgetAdded
    }
  } as unknown as IFileBrowserFactory;

  /** Select a file, which has these contents. */
  select(path: string, text: string, type = 'file'): void {
    this._selected = this._model(path, text, type);
    this._selectionChanged.emit();
  }

  /** Point at a file, which has these contents. */
  point(path: string, text: string): void {
    this._pointed = this._model(path, text, 'file');
    this._node.dispatchEvent(new MouseEvent('mouseover'));
  }

  /** Add a file browser of JupyterLab 4.4, which does not report selections, and open the menu of a file in it. */
  openOlderMenu(path: string, text: string): void {
    const node = document.createElement('div');
    const modelForClick = () => this._model(path, text, 'file');
    this._widgetAdded.emit({ node, modelForClick });
    node.dispatchEvent(new MouseEvent('contextmenu'));
  }

  private get browser(): unknown {
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const contents = this;
    return (this._browser ??= {
      node: this._node,
      model: {
        get path() {
          return contents.folder;
        }
      },
      selectionChanged: this._selectionChanged,
      selectedItems: () => (this._selected ? [this._selected] : []).values(),
      modelForClick: () => this._pointed
    });
  }

  private _model(path: string, text: string, type: string): Contents.IModel {
    if (this.files[path] !== text) {
      this.files[path] = text;
      this._changes++;
    }
    return {
      path,
      name: path.split('/').pop()!,
      type,
      size: text.length,
      last_modified: String(this._changes)
    } as Contents.IModel;
  }

  async get(path: string, options?: Contents.IFetchOptions): Promise<unknown> {
    if (options?.type === 'file') {
      this.reads++;
      if (this.error) {
        throw this.error;
      }
      if (this.notUtf8 && options.format === 'text') {
        throw new ServerConnection.ResponseError(
          new Response('', { status: 400 })
        );
      }
      const text = this.files[path];
      // Like the real client, omit the content unless it is requested.
      return {
        content: !options.content
          ? null
          : options.format === 'base64'
            ? btoa(text)
            : text
      };
    }
    return {
      content: Object.keys(this.files)
        .filter(file => file.startsWith(path))
        .map(file => ({ path: file }))
    };
  }

  async save(
    path: string,
    options: Partial<Contents.IModel>
  ): Promise<unknown> {
    this.files[path] = options.content;
    return { path };
  }
}
