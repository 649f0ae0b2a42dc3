import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Package, RelatedPackage, Why } from '../../api/generated';
import type { IFailure } from '../../api/request';
import { toFailure } from '../../api/request';
import { PYPI } from '../../models/form/choiceOptions';
import { Failure } from '../shared/failure';

interface IPackageWhyProps {
  readonly item: Package;
  readonly explain: (item: Package) => Promise<Why>;
  readonly trans: TranslationBundle;
  /** Shows another package of the environment. */
  readonly onFind: (found: Pick<Package, 'name' | 'source'>) => void;
}

/** Why a package is in an environment: who requested it, what needs it, and what it needs. */
export function PackageWhy(props: IPackageWhyProps): JSX.Element {
  const { item, explain, trans } = props;
  const [why, setWhy] = React.useState<Why | null>(null);
  const [failure, setFailure] = React.useState<IFailure | null>(null);
  const { name, version, source } = item;
  React.useEffect(() => {
    let isCurrent = true;
    explain(item).then(
      answer => isCurrent && setWhy(answer),
      error => isCurrent && setFailure(toFailure(error))
    );
    return () => {
      isCurrent = false;
    };
    // The panel creates new objects whenever it renders.
  }, [name, version, source]);
  if (failure) {
    return <Failure failure={failure} trans={trans} />;
  }
  if (!why) {
    return <p role="status">{trans.__('Loading…')}</p>;
  }
  return (
    <div className="jp-TfenvWhy">
      <p>{reason(why, trans)}</p>
      <dl>
        <RelatedPackages
          {...props}
          title={trans.__('Needed by')}
          related={why.needed_by}
        />
        <RelatedPackages
          {...props}
          title={trans.__('Needs')}
          related={why.needs}
        />
      </dl>
    </div>
  );
}

/** Say in one sentence why a package is there. */
function reason(why: Why, trans: TranslationBundle): string {
  if (why.spec !== null) {
    return trans.__('Requested as %1', why.spec);
  }
  if (why.because.length > 0) {
    const chain = [...why.because, why.name].join(' → ');
    return trans.__('Needed because of %1', chain);
  }
  return why.needed_by.length > 0
    ? trans.__('Needed only by packages that nobody requested')
    : trans.__('Nobody requested it, and no package needs it.');
}

function RelatedPackages(
  props: IPackageWhyProps & {
    title: string;
    related: readonly RelatedPackage[];
  }
): JSX.Element | null {
  const { related, trans } = props;
  if (related.length === 0) {
    return null;
  }
  return (
    <>
      <dt>{props.title}</dt>
      {related.map(each => (
        <dd key={`${each.source} ${each.name} ${each.spec}`}>
          {each.source !== null ? (
            <button
              type="button"
              className="jp-TfenvLink"
              onClick={() =>
                each.source !== null &&
                props.onFind({ name: each.name, source: each.source })
              }
            >
              {`${each.name} ${each.version}`}
            </button>
          ) : (
            each.name
          )}
          <span className="jp-TfenvHint">
            {[
              each.spec,
              each.source === null && trans.__('not installed'),
              each.source === 'pypi' && props.item.source === 'conda' && PYPI
            ]
              .filter(Boolean)
              .map(text => ` · ${text}`)}
          </span>
        </dd>
      ))}
    </>
  );
}
