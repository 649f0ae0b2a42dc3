import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Revision } from '../../api/generated';
import type { Loaded } from '../../models/state/details';
import { EntryRow } from '../review/planEntries';
import { Failure } from '../shared/failure';

interface IHistoryTabProps {
  readonly revisions: Loaded<readonly Revision[]>;
  readonly canChange: boolean;
  readonly trans: TranslationBundle;
  /** Plans the revert to a revision. */
  readonly onRevert: (revision: number) => void;
}

/** The revisions of an environment: what each one changed, and a button that reverts to it. */
export function HistoryTab(props: IHistoryTabProps): JSX.Element {
  const { revisions, trans } = props;
  if (revisions === null) {
    return <p role="status">{trans.__('Loading…')}</p>;
  }
  if (revisions.error) {
    return <Failure failure={revisions.error} trans={trans} />;
  }
  if (revisions.value.length === 0) {
    return (
      <p className="jp-TfenvEmpty">
        {trans.__(
          'No history yet. It starts with the first change that you make in this panel.'
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
                    <EntryRow
                      key={`${entry.source} ${entry.name}`}
                      entry={entry}
                      trans={trans}
                    />
                  ))}
                </tbody>
              </table>
            </details>
          )}
          {index === 0 && (
            <span className="jp-TfenvHint">{trans.__('Current')} · </span>
          )}
          <button
            type="button"
            className="jp-TfenvLink"
            disabled={!props.canChange}
            aria-label={trans.__('Revert… to revision %1', revision.number)}
            title={
              index === 0
                ? trans.__('Undo what other programs changed since then')
                : undefined
            }
            onClick={() => props.onRevert(revision.number)}
          >
            {trans.__('Revert…')}
          </button>
        </li>
      ))}
    </ol>
  );
}
