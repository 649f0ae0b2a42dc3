import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import type { IOption } from '../../models/form/choiceOptions';

export interface ISelectFieldProps {
  readonly label: string;
  readonly options: readonly IOption[];
  readonly value: string;
  readonly trans: TranslationBundle;
  readonly onChange: (value: string) => void;
}

/** One of many; what is not possible stands there with its reason. */
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

export interface IRadioFieldProps {
  readonly label: string;
  readonly options: readonly IOption[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** One of a few, side by side; the reasons of those that are not possible stand below. */
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
