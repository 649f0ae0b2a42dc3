import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { AvailablePackage } from '../../api/generated';

/** Milliseconds without a key after which names are searched for. */
const DEBOUNCE = 150;

/** Names of packages that resemble what is typed, asked for after a moment without a key. */
export function usePackageSearch(
  query: string,
  search: (query: string) => Promise<readonly AvailablePackage[]>
): readonly AvailablePackage[] {
  const [found, setFound] = React.useState<readonly AvailablePackage[]>([]);
  React.useEffect(() => {
    let isCurrent = true;
    if (query.trim() === '') {
      setFound([]);
      return;
    }
    const timer = setTimeout(async () => {
      const answer = await search(query.trim());
      if (isCurrent) {
        setFound(answer);
      }
    }, DEBOUNCE);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [query, search]);
  return found;
}

export interface IPackagesFieldProps {
  readonly packages: readonly string[];
  readonly trans: TranslationBundle;
  readonly onChange: (packages: readonly string[]) => void;
  readonly search: (query: string) => Promise<readonly AvailablePackage[]>;
}

/** Package specs, each with a button that takes it away, and a place to type the next. */
export function PackagesField(props: IPackagesFieldProps): JSX.Element {
  const { packages, trans, onChange } = props;
  const [text, setText] = React.useState('');
  const found = usePackageSearch(text, props.search);
  const listId = React.useId();

  const add = (input: string): void => {
    const specs = input
      .split(/[,\s]+(?![<>=!~\d])/)
      .map(spec => spec.trim())
      .filter(spec => spec !== '' && !packages.includes(spec));
    if (specs.length > 0) {
      onChange([...packages, ...new Set(specs)]);
    }
    setText('');
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter' && text !== '') {
      // Enter adds the package; it does not send the form.
      event.preventDefault();
      add(text);
    } else if (event.key === 'Backspace' && text === '') {
      onChange(packages.slice(0, -1));
    }
  };

  return (
    <div className="jp-TfenvChips">
      {packages.map(spec => (
        <span key={spec} className="jp-TfenvChip">
          {spec}
          <button
            type="button"
            aria-label={trans.__('Remove %1', spec)}
            title={trans.__('Remove %1', spec)}
            onClick={() => onChange(packages.filter(item => item !== spec))}
          >
            <closeIcon.react tag="span" elementSize="small" />
          </button>
        </span>
      ))}
      <input
        type="text"
        list={listId}
        aria-label={trans.__('Packages')}
        placeholder={
          packages.length === 0
            ? trans.__('pandas, matplotlib…')
            : trans.__('add…')
        }
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={event => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => add(text)}
      />
      <datalist id={listId}>
        {found.map(item => (
          <option key={item.name} value={item.name}>
            {item.versions[0]}
          </option>
        ))}
      </datalist>
    </div>
  );
}
