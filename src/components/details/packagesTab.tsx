import type { TranslationBundle } from '@jupyterlab/translation';
import { InputGroup } from '@jupyterlab/ui-components';
import React from 'react';

import type { AvailablePackage, Package } from '../../api/generated';
import { specOf } from '../../models/form/packages';
import type { Loaded } from '../../models/state/details';
import {
  newestOf,
  SearchFailure,
  usePackageSearch
} from '../form/packagesField';
import { Failure } from '../shared/failure';
import type { IPackageActions } from './packageList';
import { PackageList } from './packageList';

interface IPackagesTabProps extends IPackageActions {
  readonly packages: Loaded<readonly Package[]>;
  readonly trans: TranslationBundle;
  readonly search: (query: string) => Promise<readonly AvailablePackage[]>;
  /** Plans to install a spec. */
  readonly onInstall: (spec: string) => void;
}

/** The installed packages. One field filters them and adds others. */
export function PackagesTab(props: IPackagesTabProps): JSX.Element {
  const { packages, trans, canChange } = props;
  const [text, setText] = React.useState('');
  const { found, failure } = usePackageSearch(
    canChange ? text : '',
    props.search
  );
  if (packages === null) {
    return <p role="status">{trans.__('Loading…')}</p>;
  }
  if (packages.error) {
    return <Failure failure={packages.error} trans={trans} />;
  }
  const spec = text.trim();
  const installed = new Set(packages.value.map(item => item.name));
  const rows = packages.value.filter(item =>
    item.name.includes(spec.toLowerCase())
  );
  const offers = found.filter(item => !installed.has(item.name)).slice(0, 5);
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (canChange && spec !== '') {
          props.onInstall(spec);
        }
      }}
    >
      <InputGroup
        type="search"
        className="jp-TfenvFilter"
        aria-label={trans.__('Search or add a package')}
        placeholder={trans.__('Search or add a package…')}
        rightIcon="ui-components:search"
        spellCheck={false}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      {canChange && spec !== '' && (
        <ul className="jp-TfenvOffers">
          {offers.map(item => (
            <li key={specOf(item)}>
              <button
                type="button"
                onClick={() => props.onInstall(specOf(item))}
              >
                {trans.__('Add %1…', item.name)}
              </button>
              <span>{newestOf(item)}</span>
            </li>
          ))}
          {rows.length === 0 && offers.every(item => item.name !== spec) && (
            <li>
              <button type="submit">{trans.__('Add %1…', spec)}</button>
            </li>
          )}
        </ul>
      )}
      <SearchFailure failure={failure} trans={trans} />
      <PackageList
        {...props}
        packages={rows}
        filter={spec}
        onFilter={setText}
      />
    </form>
  );
}
