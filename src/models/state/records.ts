import { VDomModel } from '@jupyterlab/ui-components';

import type { EnvironmentsClient } from '../../api/environments';
import type {
  Difference,
  Environment,
  NotebookRecord
} from '../../api/generated';

/** How the environment of the notebook in front compares with what the notebook records. */
export interface IComparison {
  readonly environment: Environment;
  readonly record: NotebookRecord;
  readonly differences: readonly Difference[];
}

/**
 * Records of environments, as notebooks keep them: read for writing, and compared with what is there.
 */
export class RecordsModel extends VDomModel {
  constructor(private readonly _client: EnvironmentsClient) {
    super();
  }

  /** Of the notebook in front; null where it records nothing, or that is not known. */
  get comparison(): IComparison | null {
    return this._comparison;
  }

  /** The last record that was read of an environment. */
  known(environment: Environment): NotebookRecord | undefined {
    return this._known.get(environment.id);
  }

  /** Read an environment's record. */
  async read(environment: Environment): Promise<NotebookRecord> {
    const text = await this._client.export(environment.id, 'notebook');
    const record = JSON.parse(text) as NotebookRecord;
    this._known.set(environment.id, record);
    return record;
  }

  /** Compare the environment of the notebook in front with the notebook's record; null: there is nothing to compare. */
  async compare(
    environment: Environment | null,
    record: NotebookRecord | null
  ): Promise<void> {
    const isSame =
      this._asked?.environment.id === environment?.id &&
      this._asked?.environment.modified === environment?.modified &&
      this._asked?.record.fingerprint === record?.fingerprint;
    if (isSame) {
      return;
    }
    const asked = environment && record && { environment, record };
    this._asked = asked;
    this._set(null);
    if (asked) {
      const differences = await this._differences(environment, record);
      if (this._asked === asked) {
        this._set({ ...asked, differences });
      }
    }
  }

  private async _differences(
    environment: Environment,
    record: NotebookRecord
  ): Promise<readonly Difference[]> {
    if (!record.lock) {
      return versionDifferences(environment, record);
    }
    try {
      const content = JSON.stringify(record);
      return await this._client.differences(environment.id, content);
    } catch {
      // A record of another platform has nothing exact to compare with.
      return versionDifferences(environment, record);
    }
  }

  private _set(comparison: IComparison | null): void {
    this._comparison = comparison;
    this.stateChanged.emit();
  }

  private _asked: Omit<IComparison, 'differences'> | null = null;
  private _comparison: IComparison | null = null;
  private readonly _known = new Map<string, NotebookRecord>();
}

/** What differs as far as a record without a lock can tell. */
function versionDifferences(
  environment: Environment,
  record: NotebookRecord
): readonly Difference[] {
  const installed = {
    tensorflow: environment.tensorflow?.version ?? null,
    keras: environment.keras?.version ?? null,
    python: environment.python
  };
  return (['tensorflow', 'keras', 'python'] as const)
    .filter(name => record[name] !== installed[name])
    .map(name => ({
      name,
      recorded: record[name],
      installed: installed[name]
    }));
}
