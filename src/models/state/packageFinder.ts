import { VDomModel } from '@jupyterlab/ui-components';

import type { EnvironmentsClient } from '../../api/environments';
import type { FoundPackage } from '../../api/generated';

/** Start of a word in the list's filter that names a package. */
const WORD = /(?:^|\s)package:(\S+)/;
/** Milliseconds after the last key before the search starts. */
const DEBOUNCE = 250;

/**
 * Model of the environments that have the package in the list's filter: `package:h5py`.
 */
export class PackageFinder extends VDomModel {
  constructor(private readonly _client: EnvironmentsClient) {
    super();
  }

  /** The version in each environment by its id; null if the filter names no package, or until the server answers. */
  get versions(): ReadonlyMap<string, string> | null {
    return this._versions;
  }

  /** Search for the package in a filter, unless it is already known. */
  follow(filter: string): void {
    const name = WORD.exec(filter)?.[1] ?? null;
    if (name === this._name) {
      return;
    }
    this._name = name;
    this._versions = null;
    clearTimeout(this._timer);
    if (name !== null) {
      this._timer = setTimeout(() => void this._find(name), DEBOUNCE);
    }
  }

  override dispose(): void {
    clearTimeout(this._timer);
    super.dispose();
  }

  private async _find(name: string): Promise<void> {
    let found: readonly FoundPackage[] = [];
    try {
      found = await this._client.withPackage(name);
    } catch {
      // The list says so itself if the server does not answer.
    }
    if (this._name === name) {
      this._versions = new Map(
        found.map(({ environment, version }) => [environment, version])
      );
      this.stateChanged.emit();
    }
  }

  private _name: string | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _versions: ReadonlyMap<string, string> | null = null;
}

/** Return a filter without the words that name packages. */
export function withoutPackage(filter: string): string {
  return filter.replace(new RegExp(WORD, 'g'), ' ').trim();
}

/** Whether a filter names a package. */
export function namesPackage(filter: string): boolean {
  return WORD.test(filter);
}
