import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

interface IChipsProps {
  readonly specs: readonly string[];
  readonly trans: TranslationBundle;
  readonly onChange: (specs: readonly string[]) => void;
  /** The text of a chip if it is not the spec, and the name of its button. */
  readonly textOf?: (spec: string) => string;
  readonly leaveOut?: (spec: string) => string;
  readonly children?: React.ReactNode;
}

/** Package specs, each with a button that leaves it out, and what follows them on the same lines. */
export function Chips(props: IChipsProps): JSX.Element {
  const { specs, trans } = props;
  const textOf = props.textOf ?? (spec => spec);
  const leaveOut = props.leaveOut ?? (spec => trans.__('Leave out %1', spec));
  return (
    <div className="jp-TfenvChips">
      {specs.map(spec => (
        <span key={spec} className="jp-TfenvChip">
          {textOf(spec)}
          <button
            type="button"
            aria-label={leaveOut(spec)}
            title={leaveOut(spec)}
            onClick={() => props.onChange(specs.filter(each => each !== spec))}
          >
            <closeIcon.react tag="span" elementSize="small" />
          </button>
        </span>
      ))}
      {props.children}
    </div>
  );
}
