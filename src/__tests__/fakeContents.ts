import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';

/** The text files of a server, with a file browser. */
export class FakeContents {
  /** Texts by path. */
  readonly files: Record<string, string> = {};
  /** The file browser's folder. */
  folder = '';
  /** Thrown for every file, if set. */
  error: Error | null = null;

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
      if (this.error) {
        throw this.error;
      }
      // Like the real client, omit the content unless it is requested.
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
