import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';

/** The server's text files, and the file browser that shows a folder of them. */
export class FakeContents {
  /** Texts by path. */
  readonly files: Record<string, string> = {};
  /** The file browser's folder. */
  folder = '';

  readonly browsers = {
    tracker: { currentWidget: { model: this.model } }
  } as unknown as IFileBrowserFactory;

  private get model(): { readonly path: string } {
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const contents = this;
    return {
      get path() {
        return contents.folder;
      }
    };
  }

  async get(path: string, options?: Contents.IFetchOptions): Promise<unknown> {
    if (options?.type === 'file') {
      if (!(path in this.files)) {
        throw new Error('not a text');
      }
      // As the server's client does: options that do not ask for it get none.
      return { content: options.content ? this.files[path] : null };
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
