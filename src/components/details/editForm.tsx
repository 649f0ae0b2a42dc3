import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IFailure } from '../../api/request';
import { toFailure } from '../../api/request';
import { Failure } from '../shared/failure';

interface IEditFormProps {
  readonly trans: TranslationBundle;
  /** Save the texts; if that fails, the form shows why and stays open. */
  readonly save: () => Promise<void>;
  /** Close the form after it was saved or cancelled. */
  readonly close: () => void;
  readonly children: React.ReactNode;
}

/** A form below what it edits, with Save and Cancel. Escape closes it. */
export function EditForm(props: IEditFormProps): JSX.Element {
  const { trans, close } = props;
  const [failure, setFailure] = React.useState<IFailure | null>(null);

  const save = async (): Promise<void> => {
    try {
      await props.save();
    } catch (error) {
      setFailure(toFailure(error));
      return;
    }
    close();
  };

  return (
    <form
      className="jp-TfenvNote-form"
      data-own-escape
      onSubmit={event => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          close();
        }
      }}
    >
      {props.children}
      {failure && <Failure failure={failure} trans={trans} />}
      <div className="jp-TfenvButtons">
        <button type="button" className="jp-mod-styled" onClick={close}>
          {trans.__('Cancel')}
        </button>
        <button type="submit" className="jp-mod-styled jp-mod-accept">
          {trans.__('Save')}
        </button>
      </div>
    </form>
  );
}
