import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

/** The name of the environment, and what is wrong with it. */
export function NameField(props: {
  name: string;
  problem: string | null;
  trans: TranslationBundle;
  onChange: (name: string) => void;
}): JSX.Element {
  const id = React.useId();
  return (
    <div className="jp-TfenvField">
      <label htmlFor={id}>{props.trans.__('Name')}</label>
      <input
        id={id}
        className="jp-mod-styled"
        type="text"
        spellCheck={false}
        autoComplete="off"
        value={props.name}
        aria-invalid={props.problem !== null}
        aria-describedby={props.problem ? `${id}-problem` : undefined}
        onChange={event => props.onChange(event.target.value)}
      />
      {props.problem && (
        <p id={`${id}-problem`} className="jp-TfenvProblem" role="alert">
          {props.problem}
        </p>
      )}
    </div>
  );
}

export function Checkbox(props: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}): JSX.Element {
  return (
    <label className="jp-TfenvCheckbox">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}

/** For machines without the driver that the environment will meet, such as login nodes. */
export function CudaField(props: {
  versions: readonly string[];
  found: string | null;
  cuda: string | null;
  trans: TranslationBundle;
  onChange: (cuda: string | null) => void;
}): JSX.Element | null {
  const { trans, versions, cuda } = props;
  // The version in use stays in the list when the release has no build for it.
  const shown =
    cuda && !versions.includes(cuda) ? [cuda, ...versions] : versions;
  return shown.length === 0 ? null : (
    <label className="jp-TfenvField">
      <span>{trans.__('CUDA of the driver')}</span>
      <HTMLSelect
        value={cuda ?? ''}
        onChange={event => props.onChange(event.target.value || null)}
      >
        <option value="">
          {props.found
            ? trans.__('as found: %1', props.found)
            : trans.__('as found: none')}
        </option>
        {shown.map(version => (
          <option key={version} value={version}>
            {trans.__('as if it were %1', version)}
          </option>
        ))}
      </HTMLSelect>
    </label>
  );
}

/** One click to CUDA where there is no driver for it, and one back to the machine as it is. */
export function AssumedDriver(props: {
  /** The newest CUDA that could be chosen if there were a driver; null where nothing is missing. */
  missing: string | null;
  cuda: string | null;
  trans: TranslationBundle;
  onChange: (cuda: string | null) => void;
}): JSX.Element | null {
  const { trans, missing, cuda } = props;
  if (cuda === null && missing === null) {
    return null;
  }
  return (
    <p className="jp-TfenvField jp-TfenvHint">
      {cuda !== null &&
        trans.__('Chosen as if a driver for CUDA %1 were here.', cuda)}{' '}
      <button
        type="button"
        className="jp-TfenvLink"
        onClick={() => props.onChange(cuda === null ? missing : null)}
      >
        {cuda === null
          ? trans.__('Make it for a machine with CUDA %1', missing)
          : trans.__('Take this machine as it is')}
      </button>
    </p>
  );
}
