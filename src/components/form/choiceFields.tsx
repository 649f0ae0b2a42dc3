import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import type { IOption } from '../../models/form/choiceOptions';

interface ISelectFieldProps {
  readonly label: string;
  readonly options: readonly IOption[];
  readonly value: string;
  readonly trans: TranslationBundle;
  readonly onChange: (value: string) => void;
}

/** A choice of one among many options. Disabled options show their reason. */
export function SelectField(props: ISelectFieldProps): JSX.Element {
  const { trans } = props;
  return (
    <label className="jp-TfenvField">
      <span>{props.label}</span>
      <HTMLSelect
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      >
        {props.options.map(option => (
          <option
            key={option.value}
            value={option.value}
            disabled={option.reason !== null}
          >
            {option.reason === null
              ? option.label
              : trans.__('%1: %2', option.label, option.reason)}
          </option>
        ))}
      </HTMLSelect>
    </label>
  );
}

interface IRadioFieldProps {
  readonly label: string;
  readonly options: readonly IOption[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A choice of one among a few options, side by side. The reasons of disabled options are listed below. */
export function RadioField(props: IRadioFieldProps): JSX.Element {
  const name = React.useId();
  const blocked = props.options.filter(option => option.reason !== null);
  return (
    <fieldset className="jp-TfenvField">
      <legend>{props.label}</legend>
      <div className="jp-TfenvSegments">
        {props.options.map(option => (
          <label key={option.value} title={option.reason ?? undefined}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === props.value}
              disabled={option.reason !== null}
              aria-describedby={
                option.reason ? `${name}-${option.value}` : undefined
              }
              onChange={() => props.onChange(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      {blocked.map(option => (
        <p
          key={option.value}
          id={`${name}-${option.value}`}
          className="jp-TfenvHint"
        >
          {`${option.label}: ${option.reason}`}
        </p>
      ))}
    </fieldset>
  );
}
