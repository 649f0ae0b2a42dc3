import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { EditForm } from './editForm';

interface IRevisionNoteProps {
  readonly number: number;
  readonly note: string | null;
  readonly canChange: boolean;
  readonly trans: TranslationBundle;
  readonly onNote: (note: string | null) => Promise<void>;
  /** The other actions of the revision. */
  readonly children: React.ReactNode;
}

/** The note of a revision, and the actions of the revision with one that edits the note. */
export function RevisionNote(props: IRevisionNoteProps): JSX.Element {
  const { note, number, trans } = props;
  const [text, setText] = React.useState<string | null>(null);
  const edit = React.useRef<HTMLButtonElement>(null);

  const close = (): void => {
    setText(null);
    edit.current?.focus();
  };
  return (
    <>
      {note !== null && text === null && <p className="jp-TfenvNote">{note}</p>}
      <div className="jp-TfenvHistory-actions">
        {props.children}
        <button
          ref={edit}
          type="button"
          className="jp-TfenvLink"
          disabled={!props.canChange}
          aria-label={
            note === null
              ? trans.__('Add note to revision %1', number)
              : trans.__('Edit note of revision %1', number)
          }
          onClick={() => setText(note ?? '')}
        >
          {note === null ? trans.__('Add Note') : trans.__('Edit Note')}
        </button>
      </div>
      {text !== null && (
        <EditForm
          trans={trans}
          save={() => props.onNote(text.trim() ? text : null)}
          close={close}
        >
          <textarea
            className="jp-mod-styled"
            aria-label={trans.__('Note')}
            autoFocus
            rows={3}
            value={text}
            onChange={event => setText(event.target.value)}
          />
        </EditForm>
      )}
    </>
  );
}
