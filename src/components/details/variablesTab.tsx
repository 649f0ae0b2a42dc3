import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { VariableChanges, Variables } from '../../api/generated';
import type { IFailure } from '../../api/request';
import { toFailure } from '../../api/request';
import type { Loaded } from '../../models/state/details';
import { knownVariables } from '../../models/texts/variables';
import { Failure } from '../shared/failure';
import { IconButton } from '../shared/iconButton';

interface IVariablesTabProps {
  readonly variables: Loaded<Variables>;
  readonly canChange: boolean;
  readonly trans: TranslationBundle;
  /** Sets variables, and removes those that are null. */
  readonly onChange: (changes: VariableChanges) => Promise<void>;
}

/** Maximum number of lines of a value that are shown at once. */
const MOST_LINES = 8;

/** The variables of an environment, and a form that sets one. */
export function VariablesTab(props: IVariablesTabProps): JSX.Element {
  const { variables, canChange, trans } = props;
  const [name, setName] = React.useState('');
  const [value, setValue] = React.useState('');
  const [failure, setFailure] = React.useState<IFailure | null>(null);
  const field = React.useRef<HTMLTextAreaElement>(null);
  if (variables === null) {
    return <p role="status">{trans.__('Loading…')}</p>;
  }
  if (variables.error) {
    return <Failure failure={variables.error} trans={trans} />;
  }

  const change = async (changes: VariableChanges): Promise<void> => {
    try {
      await props.onChange(changes);
      setFailure(null);
      setName('');
      setValue('');
    } catch (error) {
      setFailure(toFailure(error));
    }
  };
  const submit = (): void => {
    if (name.trim() !== '') {
      void change({ [name.trim()]: value });
    }
  };
  const edit = (name: string, value: string): void => {
    setName(name);
    setValue(value);
    field.current?.focus();
  };
  const rows = Object.entries(variables.value);
  const offers = knownVariables(trans).filter(
    known => !(known.name in variables.value)
  );
  return (
    <>
      {rows.length > 0 ? (
        <table className="jp-TfenvPackages" aria-label={trans.__('Variables')}>
          <tbody>
            {rows.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">
                  {canChange ? (
                    <button
                      type="button"
                      className="jp-TfenvLink"
                      title={trans.__('Edit %1', name)}
                      onClick={() => edit(name, value)}
                    >
                      {name}
                    </button>
                  ) : (
                    name
                  )}
                </th>
                <td className="jp-TfenvValue">{value}</td>
                <td>
                  {canChange && (
                    <IconButton
                      icon={closeIcon}
                      label={trans.__('Remove %1', name)}
                      onClick={() => void change({ [name]: null })}
                    />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="jp-TfenvEmpty">
          {trans.__(
            'No variables yet. The kernel, a terminal and a check of this environment have those that you set here.'
          )}
        </p>
      )}
      {canChange && (
        <form
          onSubmit={event => {
            event.preventDefault();
            submit();
          }}
        >
          <label className="jp-TfenvField">
            <span>{trans.__('Name')}</span>
            <input
              className="jp-mod-styled"
              spellCheck={false}
              value={name}
              onChange={event => setName(event.target.value)}
            />
          </label>
          <label className="jp-TfenvField">
            <span>{trans.__('Value')}</span>
            <textarea
              ref={field}
              className="jp-mod-styled"
              rows={Math.min(value.split('\n').length, MOST_LINES)}
              spellCheck={false}
              title={trans.__('Shift+Enter begins a new line')}
              value={value}
              onChange={event => setValue(event.target.value)}
              onKeyDown={event => {
                if (event.key === 'Enter' && !event.shiftKey) {
                  event.preventDefault();
                  submit();
                }
              }}
            />
          </label>
          {failure && <Failure failure={failure} trans={trans} />}
          <div className="jp-TfenvButtons">
            <button
              type="submit"
              className="jp-mod-styled jp-mod-accept"
              disabled={name.trim() === ''}
            >
              {trans.__('Set Variable')}
            </button>
          </div>
          <p className="jp-TfenvHint">
            {trans.__('A running kernel gets a change when it is restarted.')}
          </p>
          {offers.length > 0 && (
            <ul
              className="jp-TfenvHistory"
              aria-label={trans.__('Variables of TensorFlow')}
            >
              {offers.map(known => (
                <li key={known.name}>
                  <button
                    type="button"
                    className="jp-TfenvLink"
                    onClick={() => edit(known.name, known.value)}
                  >
                    {known.name}
                  </button>
                  <p className="jp-TfenvHint">{known.description}</p>
                </li>
              ))}
            </ul>
          )}
        </form>
      )}
    </>
  );
}
