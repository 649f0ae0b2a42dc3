import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { AvailablePackage } from '../../api/generated';
import type { IFailure } from '../../api/request';
import { toFailure } from '../../api/request';
import { PYPI } from '../../models/form/choiceOptions';
import { specOf } from '../../models/form/packages';

/** Milliseconds after the last key before the search starts. */
const DEBOUNCE = 150;

/** The packages that a search found, or why it failed. */
interface ISearchResult {
  readonly found: readonly AvailablePackage[];
  readonly failure: IFailure | null;
}

const NOTHING: ISearchResult = { found: [], failure: null };

/** Search for packages whose name resembles the query, once the user stops typing. */
export function usePackageSearch(
  query: string,
  search: (query: string) => Promise<readonly AvailablePackage[]>
): ISearchResult {
  const [result, setResult] = React.useState(NOTHING);
  React.useEffect(() => {
    let isCurrent = true;
    if (query.trim() === '') {
      setResult(NOTHING);
      return;
    }
    const timer = setTimeout(async () => {
      let answer: ISearchResult;
      try {
        answer = { found: await search(query.trim()), failure: null };
      } catch (error) {
        answer = { found: [], failure: toFailure(error) };
      }
      if (isCurrent) {
        setResult(answer);
      }
    }, DEBOUNCE);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [query, search]);
  return result;
}

/** "2.3.0", or "2.3.0 · PyPI" for a package of the index. */
export function newestOf(item: AvailablePackage): string {
  return [item.versions[0], item.source === 'pypi' && PYPI]
    .filter(Boolean)
    .join(' · ');
}

/** A note that the search failed; nothing if it did not. */
export function SearchFailure(props: {
  failure: IFailure | null;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { failure, trans } = props;
  return (
    failure && (
      <p className="jp-TfenvHint" role="status">
        {trans.__('The package search failed: %1', failure.message)}
      </p>
    )
  );
}

interface IPackagesFieldProps {
  readonly packages: readonly string[];
  readonly trans: TranslationBundle;
  readonly onChange: (packages: readonly string[]) => void;
  readonly search: (query: string) => Promise<readonly AvailablePackage[]>;
}

/** A list of package specs, each with a button that removes it, and an input for the next one. */
export function PackagesField(props: IPackagesFieldProps): JSX.Element {
  const { packages, trans, onChange } = props;
  const [text, setText] = React.useState('');
  const { found, failure } = usePackageSearch(text, props.search);
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
      // Enter adds the package and must not submit the form.
      event.preventDefault();
      add(text);
    } else if (event.key === 'Backspace' && text === '') {
      onChange(packages.slice(0, -1));
    }
  };

  return (
    <>
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
              : trans.__('Add a package…')
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
            <option key={specOf(item)} value={specOf(item)}>
              {newestOf(item)}
            </option>
          ))}
        </datalist>
      </div>
      <SearchFailure failure={failure} trans={trans} />
    </>
  );
}
