import { VDomModel } from '@jupyterlab/ui-components';

import type { DiskClient } from '../../api/disk';
import type { Cleanable, Disk } from '../../api/generated';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';

/** Contents of the form that frees space. */
export interface ICleanDraft {
  readonly what: ReadonlySet<Cleanable>;
  /** Packages of newer revisions stay; null if none stays. */
  readonly olderThanDays: number | null;
}

/**
 * Model of what takes the space on the server's disks, and of the choices to free some.
 */
export class DiskModel extends VDomModel {
  constructor(private readonly _client: DiskClient) {
    super();
  }

  /** Null until the server has measured the disks. */
  get disk(): Disk | null {
    return this._disk;
  }

  get error(): RequestError | null {
    return this._error;
  }

  get draft(): ICleanDraft {
    return this._draft;
  }
  set draft(draft: ICleanDraft) {
    this._draft = draft;
    this.stateChanged.emit();
  }

  /** Measure the disks again. The last numbers stay until the new ones are there. */
  async refresh(): Promise<void> {
    try {
      this._disk = await this._client.get();
      this._error = null;
    } catch (error) {
      this._error = toFailure(error);
    }
    this.stateChanged.emit();
  }

  private _disk: Disk | null = null;
  // Packages that reverts need are not among them, because a revert may then be impossible.
  private _draft: ICleanDraft = {
    what: new Set<Cleanable>(['cache', 'uv', 'trash']),
    olderThanDays: null
  };
  private _error: RequestError | null = null;
}

/** Return the bytes that each choice frees. */
export function cleanableBytes(disk: Disk): Record<Cleanable, number> {
  const unused = (...names: readonly string[]): number =>
    disk.caches
      .filter(cache => names.includes(cache.name))
      .reduce((sum, cache) => sum + cache.unused_bytes, 0);
  return {
    cache: unused('packages', 'bytecode'),
    uv: unused('uv'),
    revisions: disk.revisions_bytes,
    trash: disk.trash_bytes
  };
}
