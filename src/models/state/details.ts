import { VDomModel } from '@jupyterlab/ui-components';

import type { EnvironmentsClient } from '../../api/environments';
import type {
  Annotations,
  Package,
  Revision,
  Size,
  VariableChanges,
  Variables
} from '../../api/generated';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';
import type { IBasket } from '../form/basket';
import { EMPTY_BASKET } from '../form/basket';

/** Number of packages in one question for newer versions. */
const MOST = 100;

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

  get annotations(): Loaded<Annotations> {
    return this._annotations;
  }

  get size(): Loaded<Size> {
    return this._size;
  }

  /** The changes that were collected for one plan. */
  get basket(): IBasket {
    return this._basket;
  }
  set basket(basket: IBasket) {
    this._basket = basket;
    this.stateChanged.emit();
  }

  /** The newer versions of packages by source and name, as far as they are known. */
  get newer(): ReadonlyMap<string, string> {
    return this._newer;
  }

  /** Ask for the newer versions of packages, a part at a time. What does not arrive is not shown. */
  async askNewer(names: readonly string[]): Promise<void> {
    const key = this._key;
    const unknown = names.filter(name => !this._asked.has(name));
    unknown.forEach(name => this._asked.add(name));
    for (let i = 0; i < unknown.length && this._key === key; i += MOST) {
      const part = unknown.slice(i, i + MOST);
      const found = await settle(this._client.newerPackages(this._id, part));
      if (this._key === key && found?.value?.length) {
        this._newer = new Map([
          ...this._newer,
          ...found.value.map(
            each => [`${each.source} ${each.name}`, each.version] as const
          )
        ]);
        this.stateChanged.emit();
      }
    }
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
      this._annotations = null;
      this._size = null;
    }
    this._id = id;
    this._key = key;
    this._basket = EMPTY_BASKET;
    this._newer = new Map();
    this._asked.clear();
    this.stateChanged.emit();
    // The server reads every file for the size, so nothing waits for it.
    void settle(this._client.size(id)).then(size => {
      if (this._key === key) {
        this._size = size;
        this.stateChanged.emit();
      }
    });
    const [packages, revisions, variables, annotations] = await Promise.all([
      settle(this._client.packages(id)),
      settle(this._client.revisions(id)),
      settle(this._client.variables(id)),
      settle(this._client.annotations(id))
    ]);
    if (this._key === key) {
      this._packages = packages;
      this._revisions = revisions;
      this._variables = variables;
      this._annotations = annotations;
      this.stateChanged.emit();
    }
  }

  /** Write the note of a revision; null removes it. */
  async annotate(
    id: string,
    number: number,
    note: string | null
  ): Promise<void> {
    const changed = await this._client.annotate(id, number, note);
    if (this._id === id && this._revisions?.value) {
      const value = this._revisions.value.map(revision =>
        revision.number === number ? changed : revision
      );
      this._revisions = { value, error: null };
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

  /** Change the note and the pins of an environment. */
  async changeAnnotations(id: string, wanted: Annotations): Promise<void> {
    const value = await this._client.changeAnnotations(id, wanted);
    if (this._id === id) {
      this._annotations = { value, error: null };
      this.stateChanged.emit();
    }
  }

  private _annotations: Loaded<Annotations> = null;
  private readonly _asked = new Set<string>();
  private _basket = EMPTY_BASKET;
  private _id = '';
  private _key = '';
  private _newer: ReadonlyMap<string, string> = new Map();
  private _packages: Loaded<readonly Package[]> = null;
  private _revisions: Loaded<readonly Revision[]> = null;
  private _variables: Loaded<Variables> = null;
  private _size: Loaded<Size> = null;
}

/** Wait for an answer, and return it or its error. */
export async function settle<T>(answer: Promise<T>): Promise<Loaded<T>> {
  try {
    return { value: await answer, error: null };
  } catch (error) {
    return { value: null, error: toFailure(error) };
  }
}
