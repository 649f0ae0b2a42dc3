import { VDomModel } from '@jupyterlab/ui-components';

import type { Status } from '../../api/generated';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';
import type { StatusClient } from '../../api/status';

/**
 * Model of the server's status: channels, hardware and free disk space.
 */
export class StatusModel extends VDomModel {
  constructor(readonly client: StatusClient) {
    super();
  }

  /** Null until the server responds. */
  get status(): Status | null {
    return this._status;
  }

  get error(): RequestError | null {
    return this._error;
  }

  /** Free bytes in the directory for new environments; null if not known. */
  get freeBytes(): number | null {
    const dirs = this._status?.envs_dirs ?? [];
    const own = dirs.find(item => item.path === this._status?.envs_dir);
    return own?.free_bytes ?? null;
  }

  async refresh(): Promise<void> {
    try {
      this._status = await this.client.get();
      this._error = null;
    } catch (error) {
      this._error = toFailure(error);
    }
    this.stateChanged.emit();
  }

  private _error: RequestError | null = null;
  private _status: Status | null = null;
}
