import { VDomModel } from '@jupyterlab/ui-components';

import type { EnvironmentsClient } from '../../api/environments';
import type {
  Difference,
  Environment,
  NotebookRecord
} from '../../api/generated';

/** The differences between the current notebook's environment and its record. */
export interface IComparison {
  readonly environment: Environment;
  readonly record: NotebookRecord;
  readonly differences: readonly Difference[];
}

/**
 * Model of notebook records: reads the records to store, and compares stored ones with the environment.
 */
export class RecordsModel extends VDomModel {
  constructor(private readonly _client: EnvironmentsClient) {
    super();
  }

  /** For the current notebook; null if it has no record, and until the server responds. */
  get comparison(): IComparison | null {
    return this._comparison;
  }

  /** Return the record of an environment that was read last. */
  known(environment: Environment): NotebookRecord | undefined {
    return this._known.get(environment.id);
  }

  /** Read the record of an environment. */
  async read(environment: Environment): Promise<NotebookRecord> {
    const text = await this._client.export(environment.id, 'notebook');
    const record = JSON.parse(text) as NotebookRecord;
    this._known.set(environment.id, record);
    return record;
  }

  /** Compare the current notebook's environment with its record; null if there is nothing to compare. */
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
      if (differences && this._asked === asked) {
        this._set({ ...asked, differences });
      }
    }
  }

  private async _differences(
    environment: Environment,
    record: NotebookRecord
  ): Promise<readonly Difference[] | null> {
    try {
      const content = JSON.stringify(record);
      return await this._client.differences(environment.id, content);
    } catch {
      // The record is damaged or of another version: nothing can be said about it.
      return null;
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
