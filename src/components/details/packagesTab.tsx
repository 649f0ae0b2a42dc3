import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, InputGroup } from '@jupyterlab/ui-components';
import React from 'react';

import type { AvailablePackage, Package } from '../../api/generated';
import { PYPI } from '../../models/form/choiceOptions';
import { specOf } from '../../models/form/packages';
import type { Loaded } from '../../models/state/details';
import { newestOf, SearchNote, usePackageSearch } from '../form/packagesField';
import { Failure } from '../shared/failure';
import { IconButton } from '../shared/iconButton';
import { PackageName } from '../shared/packageName';
import { useGrowingList } from '../shared/useGrowingList';

interface IPackagesTabProps {
  readonly packages: Loaded<readonly Package[]>;
  readonly canChange: boolean;
  readonly trans: TranslationBundle;
  readonly search: (query: string) => Promise<readonly AvailablePackage[]>;
  /** Plans to install a spec. */
  readonly onInstall: (spec: string) => void;
  /** Plans to remove a package. */
  readonly onRemove: (name: string) => void;
}

/** The installed packages. One field filters them and adds others. */
export function PackagesTab(props: IPackagesTabProps): JSX.Element {
  const { packages, trans, canChange } = props;
  const [text, setText] = React.useState('');
  const result = usePackageSearch(canChange ? text : '', props.search);
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
  const offers = result.found
    .filter(item => !installed.has(item.name))
    .slice(0, 5);
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
              <span>{trans.__('newest: %1', newestOf(item))}</span>
            </li>
          ))}
          {rows.length === 0 && offers.every(item => item.name !== spec) && (
            <li>
              <button type="submit">{trans.__('Add %1…', spec)}</button>
            </li>
          )}
        </ul>
      )}
      <SearchNote
        // What is installed needs no source.
        result={rows.length > 0 ? { ...result, missing: null } : result}
        trans={trans}
      />
      <PackageTable {...props} rows={rows} filter={spec} />
    </form>
  );
}

/** The packages that match the filter, requested ones first. */
function PackageTable(
  props: IPackagesTabProps & { rows: readonly Package[]; filter: string }
): JSX.Element {
  const byName = [...props.rows].sort(
    (a, b) =>
      Number(b.requested) - Number(a.requested) || (a.name < b.name ? -1 : 1)
  );
  const [rows, end] = useGrowingList(byName, props.filter);
  return (
    <>
      <table
        className="jp-TfenvPackages"
        aria-label={props.trans.__('Packages')}
      >
        <tbody>
          {rows.map(item => (
            <PackageRow
              key={`${item.source} ${item.name}`}
              item={item}
              {...props}
            />
          ))}
        </tbody>
      </table>
      {end}
    </>
  );
}

function PackageRow(props: IPackagesTabProps & { item: Package }): JSX.Element {
  const { item, trans } = props;
  const marks = [
    item.source === 'pypi' && PYPI,
    item.requested && trans.__('requested')
  ].filter(Boolean);
  return (
    <tr title={[item.build, item.channel].filter(Boolean).join(' · ')}>
      <th scope="row">
        <PackageName name={item.name} />
      </th>
      <td>
        {item.version}{' '}
        {marks.length > 0 && (
          <span className="jp-TfenvHint">{marks.join(' · ')}</span>
        )}
      </td>
      <td>
        {props.canChange && (
          <IconButton
            icon={closeIcon}
            label={trans.__('Remove %1', item.name)}
            onClick={() => props.onRemove(item.name)}
          />
        )}
      </td>
    </tr>
  );
}
