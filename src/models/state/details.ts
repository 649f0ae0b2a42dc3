import { VDomModel } from '@jupyterlab/ui-components';

import type { EnvironmentsClient } from '../../api/environments';
import type {
  Package,
  Revision,
  Size,
  VariableChanges,
  Variables
} from '../../api/generated';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';

/** A value that is loaded on demand: the value or the error, or null while it loads. */
export type Loaded<T> =
  | { readonly value: T; readonly error: null }
  | { readonly value: null; readonly error: RequestError }
  | null;

/**
 * Model of the environment whose details are open: its packages, revisions, variables and size.
 */
export class DetailsModel extends VDomModel {
  constructor(private readonly _client: EnvironmentsClient) {
    super();
  }

  get packages(): Loaded<readonly Package[]> {
    return this._packages;
  }

  get revisions(): Loaded<readonly Revision[]> {
    return this._revisions;
  }

  get variables(): Loaded<Variables> {
    return this._variables;
  }

  get size(): Loaded<Size> {
    return this._size;
  }

  /** Load all about an environment, unless it was loaded since the environment was last modified. */
  async load(id: string, modified: string | null): Promise<void> {
    const key = `${id} ${modified}`;
    if (this._key === key) {
      return;
    }
    if (this._id !== id) {
      this._packages = null;
      this._revisions = null;
      this._variables = null;
      this._size = null;
    }
    this._id = id;
    this._key = key;
    this.stateChanged.emit();
    // The server reads every file for the size, so nothing waits for it.
    void settle(this._client.size(id)).then(size => {
      if (this._key === key) {
        this._size = size;
        this.stateChanged.emit();
      }
    });
    const [packages, revisions, variables] = await Promise.all([
      settle(this._client.packages(id)),
      settle(this._client.revisions(id)),
      settle(this._client.variables(id))
    ]);
    if (this._key === key) {
      this._packages = packages;
      this._revisions = revisions;
      this._variables = variables;
      this.stateChanged.emit();
    }
  }

  /** Set variables of an environment, and remove those that are null. */
  async changeVariables(id: string, changes: VariableChanges): Promise<void> {
    const variables = await this._client.changeVariables(id, changes);
    if (this._id === id) {
      this._variables = { value: variables, error: null };
      this.stateChanged.emit();
    }
  }

  private _id = '';
  private _key = '';
  private _packages: Loaded<readonly Package[]> = null;
  private _revisions: Loaded<readonly Revision[]> = null;
  private _variables: Loaded<Variables> = null;
  private _size: Loaded<Size> = null;
}

async function settle<T>(answer: Promise<T>): Promise<Loaded<T>> {
  try {
    return { value: await answer, error: null };
  } catch (error) {
    return { value: null, error: toFailure(error) };
  }
}
