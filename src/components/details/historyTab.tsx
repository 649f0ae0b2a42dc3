import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Revision } from '../../api/generated';
import type { Loaded } from '../../models/state/details';
import { EntryRow } from '../review/planEntries';
import { Failure } from '../shared/failure';
import { RevisionNote } from './revisionNote';

interface IHistoryTabProps {
  readonly revisions: Loaded<readonly Revision[]>;
  readonly canChange: boolean;
  /** Whether no job uses the environment, so that it can be copied. */
  readonly canCopy: boolean;
  readonly trans: TranslationBundle;
  /** Plans the revert to a revision. */
  readonly onRevert: (revision: number) => void;
  /** Plans a copy of the environment at a revision. */
  readonly onCopy: (revision: number) => void;
  /** Compares a revision with the environment as it is. */
  readonly onCompare: (revision: number) => void;
  readonly onNote: (revision: number, note: string | null) => Promise<void>;
}

/** The revisions of an environment: what was requested, what each one changed, and what can be done with it. */
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
          <RevisionItem
            {...props}
            revision={revision}
            isCurrent={index === 0}
          />
        </li>
      ))}
    </ol>
  );
}

function RevisionItem(
  props: IHistoryTabProps & { revision: Revision; isCurrent: boolean }
): JSX.Element {
  const { revision, isCurrent, trans } = props;
  const { number, asked, summary, entries } = revision;
  return (
    <>
      <div className="jp-TfenvHistory-line">
        <span>{asked ?? summary}</span>
        <time dateTime={revision.created} title={Time.format(revision.created)}>
          {Time.formatHuman(revision.created)}
        </time>
      </div>
      {asked !== null && <p className="jp-TfenvHint">{summary}</p>}
      {entries.length > 0 && (
        <details>
          <summary>
            {trans._n('%1 change', '%1 changes', entries.length)}
          </summary>
          <table className="jp-TfenvEntries">
            <tbody>
              {entries.map(entry => (
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
      <RevisionNote
        number={number}
        note={revision.note}
        canChange={props.canChange}
        trans={trans}
        onNote={note => props.onNote(number, note)}
      >
        {isCurrent ? (
          <span className="jp-TfenvHint">{trans.__('Current')}</span>
        ) : (
          <button
            type="button"
            className="jp-TfenvLink"
            aria-label={trans.__('Compare revision %1', number)}
            title={trans.__('Compare with the environment as it is')}
            onClick={() => props.onCompare(number)}
          >
            {trans.__('Compare')}
          </button>
        )}
        <button
          type="button"
          className="jp-TfenvLink"
          disabled={!props.canChange}
          aria-label={trans.__('Revert… to revision %1', number)}
          title={
            isCurrent
              ? trans.__('Undo what other programs changed since then')
              : undefined
          }
          onClick={() => props.onRevert(number)}
        >
          {trans.__('Revert…')}
        </button>
        <button
          type="button"
          className="jp-TfenvLink"
          disabled={!props.canCopy}
          aria-label={trans.__('Copy revision %1', number)}
          title={trans.__('Create a copy of the environment at this revision')}
          onClick={() => props.onCopy(number)}
        >
          {trans.__('Copy…')}
        </button>
      </RevisionNote>
    </>
  );
}
