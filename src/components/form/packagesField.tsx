import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { AvailablePackage } from '../../api/generated';
import type { IFailure } from '../../api/request';
import { toFailure } from '../../api/request';
import { PYPI } from '../../models/form/choiceOptions';
import { specOf } from '../../models/form/packages';
import { Chips } from '../shared/chips';

/** Milliseconds after the last key before the search starts. */
const DEBOUNCE = 150;

/** The packages that a search found, or why it failed. */
interface ISearchResult {
  readonly found: readonly AvailablePackage[];
  readonly failure: IFailure | null;
  /** The query, if no source has such a package; null while the search runs. */
  readonly missing: string | null;
}

const NOTHING: ISearchResult = { found: [], failure: null, missing: null };

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
        const name = nameIn(query);
        const found = await search(name);
        const missing = found.length === 0 && NAME.test(name) ? name : null;
        answer = { found, failure: null, missing };
      } catch (error) {
        answer = { ...NOTHING, failure: toFailure(error) };
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

/** A note that the search failed or found nothing; empty if there is nothing to say. */
export function SearchNote(props: {
  result: ISearchResult;
  trans: TranslationBundle;
}): JSX.Element {
  const { result, trans } = props;
  const { failure, missing } = result;
  // A live region must be there before its text.
  return (
    <p className="jp-TfenvHint" role="status">
      {failure
        ? trans.__('The package search failed: %1', failure.message)
        : missing !== null &&
          trans.__('No channel and no package index has “%1”.', missing)}
    </p>
  );
}

/** A name that a search can find, alone or for the package index. */
const NAME = /^(pypi:)?[\w.-]+$/;

/** Return the name of the package in a query, which may be a spec. */
function nameIn(query: string): string {
  return query.trim().split(/[\s<>=!~[]/)[0];
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
  const result = usePackageSearch(text, props.search);
  const listId = React.useId();
  const input = React.useRef<HTMLInputElement>(null);

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
      <Chips
        specs={packages}
        trans={trans}
        onChange={specs => {
          onChange(specs);
          // The button that was pressed disappears.
          input.current?.focus();
        }}
      >
        <input
          ref={input}
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
          {result.found.map(item => (
            <option key={specOf(item)} value={specOf(item)}>
              {newestOf(item)}
            </option>
          ))}
        </datalist>
      </Chips>
      <SearchNote result={result} trans={trans} />
    </>
  );
}
