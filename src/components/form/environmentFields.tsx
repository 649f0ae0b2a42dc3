import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

/** The name of the environment, and the problem with it. */
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

/** A checkbox with its label. */
export function Checkbox(props: {
  label: string;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}): JSX.Element {
  return (
    <label className="jp-TfenvCheckbox">
      <input
        type="checkbox"
        checked={props.checked}
        disabled={props.disabled}
        onChange={event => props.onChange(event.target.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}

/** The CUDA version of the driver, for machines such as login nodes that lack the driver of the compute nodes. */
export function CudaField(props: {
  versions: readonly string[];
  found: string | null;
  /** What happens without a choice, if it is not that the detected version counts. */
  fallback?: string;
  cuda: string | null;
  trans: TranslationBundle;
  onChange: (cuda: string | null) => void;
}): JSX.Element | null {
  const { trans, versions, cuda } = props;
  // The chosen version stays in the list even if the release has no build for it.
  const shown =
    cuda && !versions.includes(cuda) ? [cuda, ...versions] : versions;
  return shown.length === 0 ? null : (
    <label className="jp-TfenvField">
      <span>{trans.__('CUDA version of the driver')}</span>
      <HTMLSelect
        value={cuda ?? ''}
        onChange={event => props.onChange(event.target.value || null)}
      >
        <option value="">
          {props.fallback ??
            (props.found
              ? trans.__('Detected: %1', props.found)
              : trans.__('Detected: none'))}
        </option>
        {shown.map(version => (
          <option key={version} value={version}>
            {trans.__('Assume CUDA %1', version)}
          </option>
        ))}
      </HTMLSelect>
    </label>
  );
}

/** A link that assumes a newer CUDA version, and one that goes back to the detected driver. */
export function AssumedDriver(props: {
  /** The newest CUDA version that lacks only a driver; null if there is none. */
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
      {cuda !== null && trans.__('Builds are chosen for CUDA %1.', cuda)}{' '}
      <button
        type="button"
        className="jp-TfenvLink"
        onClick={() => props.onChange(cuda === null ? missing : null)}
      >
        {cuda === null
          ? trans.__('Choose Builds for CUDA %1', missing)
          : trans.__('Use Detected Driver')}
      </button>
    </p>
  );
}
