import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownEmptyThinIcon,
  caretRightIcon,
  closeIcon
} from '@jupyterlab/ui-components';
import React from 'react';

import type { Package, Why } from '../../api/generated';
import { PYPI } from '../../models/form/choiceOptions';
import { shortChannel } from '../../models/texts/channels';
import { formatBytes } from '../../models/texts/units';
import { IconButton } from '../shared/iconButton';
import { PackageName } from '../shared/packageName';
import { useGrowingList } from '../shared/useGrowingList';
import { PackageWhy } from './packageWhy';

/** What can be done with an installed package. */
export interface IPackageActions {
  readonly canChange: boolean;
  /** Plans to remove a package, with the changes that were collected. */
  readonly onRemove: (name: string) => void;
  /** Collects the removal of a package. */
  readonly onCollectRemoval: (name: string) => void;
  /** The newer versions of packages by source and name, as far as they are known. */
  readonly newer: ReadonlyMap<string, string>;
  /** Asks for the newer versions of packages that are shown. */
  readonly onNames: (names: readonly string[]) => void;
  /** Plans to update a package. */
  readonly onUpdate: (name: string) => void;
  /** Loads why a package is in the environment. */
  readonly explain: (item: Package) => Promise<Why>;
}

interface IPackageListProps extends IPackageActions {
  /** The packages that match the filter. */
  readonly packages: readonly Package[];
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
  readonly trans: TranslationBundle;
}

/** The packages, requested ones first. Each can be expanded to show why it is there. */
export function PackageList(props: IPackageListProps): JSX.Element {
  const [open, setOpen] = React.useState<ReadonlySet<string>>(new Set());
  const [target, setTarget] = React.useState<string | null>(null);
  const table = React.useRef<HTMLTableElement>(null);
  const byName = [...props.packages].sort(
    (a, b) =>
      Number(b.requested) - Number(a.requested) || (a.name < b.name ? -1 : 1)
  );
  const [rows, end] = useGrowingList(byName, props.filter);

  const actions = React.useRef<IRowActions | null>(null);
  actions.current = {
    ...props,
    onToggle: item => {
      const key = keyOf(item);
      const others = [...open].filter(each => each !== key);
      setOpen(new Set(open.has(key) ? others : [...others, key]));
    },
    onFind: found => {
      props.onFilter(found.name);
      setOpen(new Set([keyOf(found)]));
      setTarget(keyOf(found));
    }
  };

  React.useEffect(() => {
    if (target !== null) {
      for (const button of Array.from(
        table.current?.querySelectorAll<HTMLElement>('th button') ?? []
      )) {
        if (button.dataset.package === target) {
          button.focus();
        }
      }
      setTarget(null);
    }
  }, [target]);

  // An index is asked for each package, so only for those that the user requested or looks at.
  const names = rows
    .filter(
      item => item.source === 'conda' || item.requested || open.has(keyOf(item))
    )
    .map(item => item.name);
  React.useEffect(() => {
    props.onNames(names);
  }, [names.join()]);

  return (
    <>
      <table
        ref={table}
        className="jp-TfenvPackages"
        aria-label={props.trans.__('Packages')}
      >
        <tbody>
          {rows.map(item => {
            const key = keyOf(item);
            return (
              <PackageRow
                key={key}
                item={item}
                isOpen={open.has(key)}
                canChange={props.canChange}
                newer={props.newer.get(key)}
                trans={props.trans}
                actions={actions}
              />
            );
          })}
        </tbody>
      </table>
      {end}
    </>
  );
}

/** What a row can do. */
interface IRowActions extends Pick<
  IPackageActions,
  'explain' | 'onRemove' | 'onCollectRemoval' | 'onUpdate'
> {
  readonly onToggle: (item: Package) => void;
  readonly onFind: (found: Pick<Package, 'name' | 'source'>) => void;
}

interface IPackageRowProps {
  readonly item: Package;
  readonly isOpen: boolean;
  readonly canChange: boolean;
  /** The newer version; undefined if there is none, or it is not known. */
  readonly newer: string | undefined;
  readonly trans: TranslationBundle;
  /** Always the newest actions, in an object that stays the same. */
  readonly actions: { readonly current: IRowActions | null };
}

/**
 * A package. There can be a thousand, and the list is rendered again whenever it grows and for each answer about newer
 * versions. So a row is rendered again only if what it shows has changed.
 */
const PackageRow = React.memo(function PackageRow(
  props: IPackageRowProps
): JSX.Element {
  const { item, isOpen, trans, actions } = props;
  const details = React.useId();
  const Caret = isOpen ? caretDownEmptyThinIcon : caretRightIcon;
  const marks = [
    item.source === 'pypi' ? PYPI : item.channel && shortChannel(item.channel),
    item.size !== null && formatBytes(item.size),
    item.requested && trans.__('requested')
  ].filter(Boolean);
  return (
    <>
      <tr title={[item.build, item.channel].filter(Boolean).join(' · ')}>
        <th scope="row">
          <button
            type="button"
            className="jp-TfenvPackages-name"
            aria-label={item.name}
            aria-expanded={isOpen}
            aria-controls={isOpen ? details : undefined}
            data-package={keyOf(item)}
            onClick={() => actions.current?.onToggle(item)}
          >
            <Caret.react tag="span" elementSize="small" />
            <span>
              <PackageName name={item.name} />
            </span>
          </button>
        </th>
        <td>
          {item.version} <NewerVersion {...props} />
          {marks.length > 0 && (
            <span className="jp-TfenvHint">{marks.join(' · ')}</span>
          )}
        </td>
        <td>
          {props.canChange && (
            <IconButton
              icon={closeIcon}
              label={trans.__('Remove %1', item.name)}
              onClick={() => actions.current?.onRemove(item.name)}
            />
          )}
        </td>
      </tr>
      {isOpen && (
        <tr className="jp-TfenvPackages-details" id={details}>
          <td colSpan={3}>
            <PackageWhy
              item={item}
              explain={actions.current!.explain}
              trans={trans}
              onFind={found => actions.current?.onFind(found)}
            />
            {props.canChange && (
              <button
                type="button"
                className="jp-TfenvLink"
                onClick={() => actions.current?.onCollectRemoval(item.name)}
              >
                {trans.__('Remove with other changes')}
              </button>
            )}
          </td>
        </tr>
      )}
    </>
  );
});

/** The newer version of a package, which updates it. */
function NewerVersion(props: IPackageRowProps): JSX.Element | null {
  const { item, trans, newer: version } = props;
  if (version === undefined) {
    return null;
  }
  const text = `↑ ${version} `;
  return props.canChange ? (
    <button
      type="button"
      className="jp-TfenvLink"
      aria-label={trans.__('Update %1, newest version: %2', item.name, version)}
      title={trans.__('Update %1, newest version: %2', item.name, version)}
      onClick={() => props.actions.current?.onUpdate(item.name)}
    >
      {text}
    </button>
  ) : (
    <span title={trans.__('Newest version: %1', version)}>{text}</span>
  );
}

/** Two packages can have one name: conda's, and the one that pip installed over it. */
function keyOf(item: Pick<Package, 'name' | 'source'>): string {
  return `${item.source} ${item.name}`;
}
