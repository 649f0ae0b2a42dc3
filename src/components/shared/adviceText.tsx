import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Advice } from '../../api/generated';

/** Items of a list that are shown before the user asks for all. */
const SHOWN = 5;

interface IAdviceTextProps {
  readonly advice: Pick<Advice, 'message' | 'items'>;
  readonly trans: TranslationBundle;
}

/** The message of a warning. A long list in it is shortened until the user asks for all of it. */
export function AdviceText(props: IAdviceTextProps): JSX.Element {
  const { message, items } = props.advice;
  const [isWhole, setWhole] = React.useState(false);
  const list = items.join(', ');
  const start = message.indexOf(list);
  if (isWhole || start < 0 || items.length <= SHOWN + 1) {
    return <>{message}</>;
  }
  return (
    <>
      {message.slice(0, start)}
      {items.slice(0, SHOWN).join(', ')}{' '}
      <button
        type="button"
        className="jp-TfenvLink"
        aria-expanded={false}
        onClick={() => setWhole(true)}
      >
        {props.trans.__('… and %1 more', items.length - SHOWN)}
      </button>
      {message.slice(start + list.length)}
    </>
  );
}
