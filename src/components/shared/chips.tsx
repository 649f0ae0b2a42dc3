import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

/** Package specs, each with a button that leaves it out, and what follows them on the same lines. */
export function Chips(props: {
  specs: readonly string[];
  trans: TranslationBundle;
  onChange: (specs: readonly string[]) => void;
  children?: React.ReactNode;
}): JSX.Element {
  const { specs, trans } = props;
  return (
    <div className="jp-TfenvChips">
      {specs.map(spec => (
        <span key={spec} className="jp-TfenvChip">
          {spec}
          <button
            type="button"
            aria-label={trans.__('Leave out %1', spec)}
            title={trans.__('Leave out %1', spec)}
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
