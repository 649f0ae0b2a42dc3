import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import type {
  ComparedBuild,
  Comparison,
  Environment,
  Revision
} from '../../api/generated';
import type { IFailure } from '../../api/request';
import { toFailure } from '../../api/request';
import { PYPI } from '../../models/form/choiceOptions';
import type { IComparedSide } from '../../models/state/navigation';
import { Failure } from '../shared/failure';

interface ICompareProps {
  readonly left: IComparedSide;
  readonly right: IComparedSide;
  readonly environments: readonly Environment[];
  readonly trans: TranslationBundle;
  readonly compare: (
    left: IComparedSide,
    right: IComparedSide
  ) => Promise<Comparison>;
  readonly revisions: (environment: string) => Promise<readonly Revision[]>;
  readonly onChange: (left: IComparedSide, right: IComparedSide) => void;
}

/** Two environments or revisions, and the packages that differ. */
export function Compare(props: ICompareProps): JSX.Element {
  const { left, right, trans, environments } = props;
  const [found, setFound] = React.useState<Comparison | null>(null);
  const [failure, setFailure] = React.useState<IFailure | null>(null);
  const state = (side: IComparedSide): string =>
    `${side.environment} ${side.revision} ${environments.find(item => item.id === side.environment)?.modified}`;
  const key = `${state(left)} ${state(right)}`;
  React.useEffect(() => {
    let isCurrent = true;
    setFailure(null);
    props.compare(left, right).then(
      answer => isCurrent && setFound(answer),
      error => {
        if (isCurrent) {
          setFound(null);
          setFailure(toFailure(error));
        }
      }
    );
    return () => {
      isCurrent = false;
    };
  }, [key]);
  return (
    <div className="jp-TfenvBody jp-TfenvCompare">
      <SideField
        {...props}
        label={trans.__('Left')}
        side={left}
        onSide={side => props.onChange(side, right)}
      />
      <SideField
        {...props}
        label={trans.__('Right')}
        side={right}
        onSide={side => props.onChange(left, side)}
      />
      {failure && <Failure failure={failure} trans={trans} />}
      {!found && !failure && <p role="status">{trans.__('Comparing…')}</p>}
      {found && <Differences found={found} trans={trans} />}
    </div>
  );
}

function SideField(
  props: ICompareProps & {
    label: string;
    side: IComparedSide;
    onSide: (side: IComparedSide) => void;
  }
): JSX.Element {
  const { label, side, trans, environments } = props;
  const [revisions, setRevisions] = React.useState<readonly Revision[]>([]);
  React.useEffect(() => {
    let isCurrent = true;
    // Without revisions, the environment can still be compared as it is.
    props.revisions(side.environment).then(
      answer => isCurrent && setRevisions(answer),
      () => isCurrent && setRevisions([])
    );
    return () => {
      isCurrent = false;
    };
  }, [side.environment]);
  const isKnown = revisions.some(({ number }) => number === side.revision);
  return (
    <fieldset className="jp-TfenvField jp-TfenvCompare-side">
      <legend>{label}</legend>
      <HTMLSelect
        aria-label={trans.__('%1: environment', label)}
        value={side.environment}
        onChange={event =>
          props.onSide({ environment: event.target.value, revision: null })
        }
      >
        {environments.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </HTMLSelect>
      <HTMLSelect
        aria-label={trans.__('%1: revision', label)}
        value={side.revision ?? ''}
        onChange={event =>
          props.onSide({
            ...side,
            revision:
              event.target.value === '' ? null : Number(event.target.value)
          })
        }
      >
        <option value="">{trans.__('as it is')}</option>
        {side.revision !== null && !isKnown && (
          <option value={side.revision}>
            {trans.__('revision %1', side.revision)}
          </option>
        )}
        {revisions.map(({ number, asked, summary }) => (
          <option key={number} value={number}>
            {trans.__('revision %1: %2', number, asked ?? summary)}
          </option>
        ))}
      </HTMLSelect>
    </fieldset>
  );
}

function Differences(props: {
  found: Comparison;
  trans: TranslationBundle;
}): JSX.Element {
  const { found, trans } = props;
  const { differences, same } = found;
  const title = ({ name, revision }: Comparison['left']): string =>
    revision === null ? name : trans.__('%1, revision %2', name, revision);
  const count = trans._n(
    '%1 package is the same.',
    '%1 packages are the same.',
    same
  );
  return (
    <>
      <p role="status">
        {differences.length === 0
          ? trans.__('No package differs. %1', count)
          : trans._n(
              '%1 package differs. %2',
              '%1 packages differ. %2',
              differences.length,
              count
            )}
      </p>
      {differences.length > 0 && (
        <table className="jp-TfenvEntries" aria-label={trans.__('Differences')}>
          <thead>
            <tr>
              <th scope="col">{trans.__('Package')}</th>
              <th scope="col">{title(found.left)}</th>
              <th scope="col">{title(found.right)}</th>
            </tr>
          </thead>
          <tbody>
            {differences.map(({ name, left, right }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td title={left?.build ?? undefined}>
                  {describe(left, right)}
                </td>
                <td title={right?.build ?? undefined}>
                  {describe(right, left)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** "2.1.0", with the build or the source if only that differs from the other side; "–" if it is not there. */
function describe(
  one: ComparedBuild | null,
  other: ComparedBuild | null
): string {
  if (one === null) {
    return '–';
  }
  const isSameVersion = one.version === other?.version;
  return [
    one.version,
    isSameVersion && one.source === other?.source && one.build,
    one.source === 'pypi' && PYPI
  ]
    .filter(Boolean)
    .join(' · ');
}
