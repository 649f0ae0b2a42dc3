import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Revision } from '../../api/generated';
import type { Loaded } from '../../models/state/details';
import { EntryRow } from '../review/planEntries';
import { Failure } from '../shared/failure';

export interface IHistoryTabProps {
  readonly revisions: Loaded<readonly Revision[]>;
  readonly canChange: boolean;
  readonly trans: TranslationBundle;
  /** Plan the way back to a revision. */
  readonly onRevert: (revision: number) => void;
}

/** A line a revision: what it changed, and the way back to it. */
export function HistoryTab(props: IHistoryTabProps): JSX.Element {
  const { revisions, trans } = props;
  if (revisions === null) {
    return <p role="status">{trans.__('Reading…')}</p>;
  }
  if (revisions.error) {
    return <Failure failure={revisions.error} trans={trans} />;
  }
  if (revisions.value.length === 0) {
    return (
      <p className="jp-TfenvEmpty">
        {trans.__(
          'No history yet: it begins with the first change that is made here.'
        )}
      </p>
    );
  }
  return (
    <ol className="jp-TfenvHistory" reversed>
      {revisions.value.map((revision, index) => (
        <li key={revision.number}>
          <div className="jp-TfenvHistory-line">
            <span>{revision.summary}</span>
            <time
              dateTime={revision.created}
              title={Time.format(revision.created)}
            >
              {Time.formatHuman(revision.created)}
            </time>
          </div>
          {revision.entries.length > 0 && (
            <details>
              <summary>
                {trans._n('%1 change', '%1 changes', revision.entries.length)}
              </summary>
              <table className="jp-TfenvEntries">
                <tbody>
                  {revision.entries.map(entry => (
                    <EntryRow key={entry.name} entry={entry} trans={trans} />
                  ))}
                </tbody>
              </table>
            </details>
          )}
          {index === 0 ? (
            <span className="jp-TfenvHint">{trans.__('This is now')}</span>
          ) : (
            <button
              type="button"
              className="jp-TfenvLink"
              disabled={!props.canChange}
              aria-label={trans.__('Revert to revision %1', revision.number)}
              onClick={() => props.onRevert(revision.number)}
            >
              {trans.__('Revert to this')}
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}
