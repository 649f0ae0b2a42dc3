import type { TranslationBundle } from '@jupyterlab/translation';
import { InputGroup } from '@jupyterlab/ui-components';
import React from 'react';

import type { AvailablePackage, Package } from '../../api/generated';
import type { IBasket } from '../../models/form/basket';
import { withRemoval, withSpec } from '../../models/form/basket';
import { fromIndex, specOf } from '../../models/form/packages';
import type { Loaded } from '../../models/state/details';
import { SearchNote, usePackageSearch } from '../form/packagesField';
import { Failure } from '../shared/failure';
import type { IPackageActions } from './packageList';
import { PackageList } from './packageList';
import { Basket, PackageOffer } from './packageOffers';

interface IPackagesTabProps extends Omit<
  IPackageActions,
  'onRemove' | 'onCollectRemoval'
> {
  readonly packages: Loaded<readonly Package[]>;
  readonly trans: TranslationBundle;
  readonly search: (query: string) => Promise<readonly AvailablePackage[]>;
  /** Whether packages can only come from the package index, as in an overlay. */
  readonly onlyIndex: boolean;
  /** Plans changes. */
  readonly onChanges: (changes: IBasket) => void;
  /** The changes that were collected for one plan. */
  readonly basket: IBasket;
  readonly onBasket: (basket: IBasket) => void;
}

/** The installed packages. One field filters them and adds others. */
export function PackagesTab(props: IPackagesTabProps): JSX.Element {
  const { packages, trans, canChange, onlyIndex, search } = props;
  const [text, setText] = React.useState('');
  const form = React.useRef<HTMLFormElement>(null);
  const find = React.useCallback(
    (query: string) => search(onlyIndex ? fromIndex(query) : query),
    [search, onlyIndex]
  );
  const result = usePackageSearch(canChange ? text : '', find);
  if (packages === null) {
    return <p role="status">{trans.__('Loading…')}</p>;
  }
  if (packages.error) {
    return <Failure failure={packages.error} trans={trans} />;
  }
  const spec = text.trim();
  const { basket } = props;
  /** Change the basket. What was pressed disappears, so the focus goes to the field, for the next package. */
  const collect = (changed: IBasket): void => {
    props.onBasket(changed);
    form.current?.querySelector<HTMLElement>('input[type="search"]')?.focus();
  };
  const installed = new Set(packages.value.map(item => item.name));
  const rows = packages.value.filter(item =>
    item.name.includes(spec.toLowerCase())
  );
  const offers = result.found
    .filter(item => !installed.has(item.name))
    .slice(0, 5);
  return (
    <form
      ref={form}
      onSubmit={event => {
        event.preventDefault();
        if (canChange && spec !== '') {
          props.onChanges(withSpec(basket, onlyIndex ? fromIndex(spec) : spec));
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
      {canChange && (
        <Basket
          basket={basket}
          trans={trans}
          onChange={collect}
          onReview={() => props.onChanges(basket)}
        />
      )}
      {canChange && spec !== '' && (
        <ul className="jp-TfenvOffers">
          {offers.map(item => (
            <PackageOffer
              key={specOf(item)}
              item={item}
              trans={trans}
              onInstall={one => props.onChanges(withSpec(basket, one))}
              onCollect={one => {
                collect(withSpec(basket, one));
                setText('');
              }}
            />
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
      <PackageList
        {...props}
        packages={rows}
        filter={spec}
        onFilter={setText}
        onRemove={name => props.onChanges(withRemoval(basket, name))}
        onCollectRemoval={name => props.onBasket(withRemoval(basket, name))}
      />
    </form>
  );
}
