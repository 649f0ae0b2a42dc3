import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Annotations as Values } from '../../api/generated';
import type { Loaded } from '../../models/state/details';
import { Failure } from '../shared/failure';
import { EditForm } from './editForm';

/** An example of a pin. */
const PIN = 'tensorflow 2.19.*';

interface IAnnotationsProps {
  readonly annotations: Loaded<Values>;
  readonly canChange: boolean;
  readonly trans: TranslationBundle;
  readonly onChange: (annotations: Values) => Promise<void>;
}

/** The note and the pins of an environment, and a form that changes them. */
export function Annotations(props: IAnnotationsProps): JSX.Element | null {
  const { annotations, trans } = props;
  const [draft, setDraft] = React.useState<IDraft | null>(null);
  const edit = React.useRef<HTMLButtonElement>(null);
  if (annotations === null) {
    return null;
  }
  if (annotations.error) {
    return <Failure failure={annotations.error} trans={trans} />;
  }
  const { note, pins } = annotations.value;

  const close = (): void => {
    setDraft(null);
    edit.current?.focus();
  };
  const save = ({ note, pins }: IDraft): Promise<void> =>
    props.onChange({
      note: note.trim() || null,
      pins: pins.split('\n').filter(line => line.trim() !== '')
    });

  return (
    <>
      {note !== null && !draft && <p className="jp-TfenvNote">{note}</p>}
      {pins.length > 0 && !draft && (
        <p>{trans.__('Pinned: %1', pins.join(', '))}</p>
      )}
      {props.canChange && (
        <p>
          <button
            ref={edit}
            type="button"
            className="jp-TfenvLink"
            aria-expanded={draft !== null}
            onClick={() =>
              draft
                ? close()
                : setDraft({ note: note ?? '', pins: pins.join('\n') })
            }
          >
            {trans.__('Edit Note and Pins')}
          </button>
        </p>
      )}
      {draft && (
        <EditForm trans={trans} save={() => save(draft)} close={close}>
          <label className="jp-TfenvField">
            <span>{trans.__('Note')}</span>
            <textarea
              className="jp-mod-styled"
              autoFocus
              rows={3}
              value={draft.note}
              onChange={event =>
                setDraft({ ...draft, note: event.target.value })
              }
            />
          </label>
          <label className="jp-TfenvField">
            <span>{trans.__('Pins (one per line)')}</span>
            <textarea
              className="jp-mod-styled"
              rows={2}
              spellCheck={false}
              placeholder={PIN}
              value={draft.pins}
              onChange={event =>
                setDraft({ ...draft, pins: event.target.value })
              }
            />
          </label>
          <p className="jp-TfenvHint">
            {trans.__('Every change to this environment follows its pins.')}
          </p>
        </EditForm>
      )}
    </>
  );
}

/** The texts of the form. */
interface IDraft {
  readonly note: string;
  readonly pins: string;
}
