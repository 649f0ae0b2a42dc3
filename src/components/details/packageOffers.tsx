import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import type { AvailablePackage } from '../../api/generated';
import type { IBasket } from '../../models/form/basket';
import { PYPI } from '../../models/form/choiceOptions';
import { specOf } from '../../models/form/packages';
import { Chips } from '../shared/chips';
import { IconButton } from '../shared/iconButton';

interface IPackageOfferProps {
  readonly item: AvailablePackage;
  readonly trans: TranslationBundle;
  /** Plans to install a spec, with those in the basket. */
  readonly onInstall: (spec: string) => void;
  /** Puts a spec into the basket. */
  readonly onCollect: (spec: string) => void;
}

/** A package that can be added: at the newest version that fits, or at a chosen one, and alone or with others. */
export function PackageOffer(props: IPackageOfferProps): JSX.Element {
  const { item, trans } = props;
  const [version, setVersion] = React.useState('');
  const spec = version === '' ? specOf(item) : `${specOf(item)}==${version}`;
  return (
    <li>
      <button type="button" onClick={() => props.onInstall(spec)}>
        {trans.__('Add %1…', item.name)}
      </button>
      <span className="jp-TfenvOffers-version">
        {item.versions.length > 1 ? (
          <HTMLSelect
            aria-label={trans.__('Version of %1', item.name)}
            value={version}
            onChange={event => setVersion(event.target.value)}
          >
            {/* The other packages may not work with the newest version. */}
            <option value="">
              {trans.__('newest that fits, up to %1', item.versions[0])}
            </option>
            {item.versions.map(each => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </HTMLSelect>
        ) : (
          trans.__('newest: %1', item.versions[0])
        )}
        {item.source === 'pypi' && ` · ${PYPI}`}
        <IconButton
          icon={addIcon}
          label={trans.__('Collect %1 with other packages', item.name)}
          onClick={() => props.onCollect(spec)}
        />
      </span>
    </li>
  );
}

/** The changes that were collected for one plan. */
export function Basket(props: {
  basket: IBasket;
  trans: TranslationBundle;
  onChange: (basket: IBasket) => void;
  onReview: () => void;
}): JSX.Element | null {
  const { basket, trans } = props;
  if (basket.specs.length + basket.remove.length === 0) {
    return null;
  }
  return (
    <div
      className="jp-TfenvBasket"
      role="group"
      aria-label={trans.__('Collected changes')}
    >
      <Chips
        specs={basket.specs}
        trans={trans}
        onChange={specs => props.onChange({ ...basket, specs })}
      >
        <Chips
          specs={basket.remove}
          trans={trans}
          textOf={name => trans.__('Remove %1', name)}
          leaveOut={name => trans.__('Keep %1', name)}
          onChange={remove => props.onChange({ ...basket, remove })}
        />
      </Chips>
      <button
        type="button"
        className="jp-mod-styled jp-mod-accept"
        onClick={props.onReview}
      >
        {trans.__('Review Plan…')}
      </button>
    </div>
  );
}
