import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';

import type { Limits, RecognizedFile } from '../../api/generated';
import { mayBeEnvironmentFile } from '../../models/form/files';

/** Milliseconds that the pointer rests on a file before its contents are looked at. */
const REST = 80;
/** Files to remember. */
const KEPT = 500;

type FileBrowser = NonNullable<IFileBrowserFactory['tracker']['currentWidget']>;

/** Asks the server for the format of a text. */
type Recognize = (content: string, name: string) => Promise<RecognizedFile>;

/**
 * Knows which files of the file browser describe an environment, by their contents.
 *
 * A menu asks without waiting, so the contents are looked at before: of the file under the pointer, and of the selected
 * one. A file is read once until it changes.
 */
export class EnvironmentFiles {
  /**
   * @param limits - Returns the rules of the server; null until it responds.
   * @param onKnown - Called when the answer for a file arrives.
   */
  constructor(
    private readonly _contents: Contents.IManager,
    private readonly _recognize: Recognize,
    private readonly _limits: () => Limits | null,
    private readonly _onKnown: () => void
  ) {}

  /** Look at the files that the user points at or selects in a file browser. */
  watch(browser: FileBrowser): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const lookAt = (event: MouseEvent): void =>
      void this.look(browser.modelForClick(event));
    browser.node.addEventListener('mouseover', event => {
      clearTimeout(timer);
      timer = setTimeout(() => lookAt(event), REST);
    });
    browser.node.addEventListener('contextmenu', lookAt, true);
    // File browsers before JupyterLab 4.5 have no such signal; the context menu then knows the file a moment later.
    const { selectionChanged }: Partial<FileBrowser> = browser;
    selectionChanged?.connect(
      () => void this.look(browser.selectedItems().next().value)
    );
  }

  /** Whether a file describes an environment; false until its contents were looked at. */
  has(file: Contents.IModel | undefined): boolean {
    const known = file && this._known.get(file.path);
    return known?.version === versionOf(file) && known?.isOffered === true;
  }

  /** Read a file, unless it is known or cannot describe an environment. */
  async look(file: Contents.IModel | undefined): Promise<void> {
    const limits = this._limits();
    if (!file || file.type === 'directory' || !limits) {
      return;
    }
    const { path, name, size } = file;
    const version = versionOf(file);
    if (
      this._known.get(path)?.version === version ||
      (size ?? 0) > limits.import_bytes ||
      !mayBeEnvironmentFile(name, limits)
    ) {
      return;
    }
    this._remember(path, { version, isOffered: false });
    try {
      const content = await readText(this._contents, path);
      const { offered } = await this._recognize(content, name);
      this._remember(path, { version, isOffered: offered });
    } catch {
      // It is read again when the user points at it again.
      this._known.delete(path);
      return;
    }
    this._onKnown();
  }

  private _remember(path: string, known: IKnown): void {
    this._known.delete(path);
    this._known.set(path, known);
    if (this._known.size > KEPT) {
      this._known.delete(this._known.keys().next().value!);
    }
  }

  private readonly _known = new Map<string, IKnown>();
}

interface IKnown {
  readonly version: string;
  readonly isOffered: boolean;
}

function versionOf(file: Contents.IModel | undefined): string {
  return `${file?.last_modified} ${file?.size}`;
}

/**
 * Read the text of a file in any encoding. The server repairs texts that are not in UTF-8.
 *
 * @throws ResponseError if the file cannot be read.
 */
export async function readText(
  contents: Contents.IManager,
  path: string
): Promise<string> {
  const options = { type: 'file', content: true } as const;
  try {
    const file = await contents.get(path, { ...options, format: 'text' });
    return file.content as string;
  } catch (error) {
    const isNotUtf8 =
      error instanceof ServerConnection.ResponseError &&
      error.response.status === 400;
    if (!isNotUtf8) {
      throw error;
    }
    const file = await contents.get(path, { ...options, format: 'base64' });
    return atob((file.content as string).replace(/\s/g, ''));
  }
}
