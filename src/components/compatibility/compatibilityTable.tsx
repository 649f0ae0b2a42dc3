import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { PYPI } from '../../models/form/choiceOptions';
import { variantLabel } from '../../models/form/choices';
import type {
  IBuilds,
  ICompatibility,
  ICompatibilityRow,
  ICompatibilityTable
} from '../../models/form/compatibility';

interface ICompatibilityTableProps {
  readonly table: ICompatibilityTable;
  /** Why nothing can be installed; null if something can. */
  readonly message: string | null;
  readonly trans: TranslationBundle;
  readonly onChoose: (row: ICompatibilityRow, python: string) => void;
}

/**
 * Which TensorFlow works with which Python, on the CPU and with CUDA.
 *
 * One tab stop; the arrow keys move between the cells, as in the grid pattern of the ARIA Authoring Practices Guide.
 */
export function CompatibilityTable(
  props: ICompatibilityTableProps
): JSX.Element {
  const { table, trans } = props;
  const [active, setActive] = React.useState<readonly [number, number]>([0, 0]);
  const [shown, setShown] = React.useState<string | null>(null);
  const grid = React.useRef<HTMLTableElement>(null);
  const lastRow = table.rows.length - 1;
  const lastColumn = table.pythons.length - 1;
  const row = Math.min(active[0], lastRow);
  const column = Math.min(active[1], lastColumn);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const all = event.ctrlKey || event.metaKey;
    const target = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [all ? 0 : row, 0],
      End: [all ? lastRow : row, lastColumn]
    }[event.key];
    if (target) {
      event.preventDefault();
      const next = [
        Math.max(0, Math.min(lastRow, target[0])),
        Math.max(0, Math.min(lastColumn, target[1]))
      ] as const;
      setActive(next);
      grid.current
        ?.querySelector<HTMLElement>(`[data-cell="${next.join('-')}"]`)
        ?.focus();
    }
  };

  if (table.rows.length === 0) {
    return (
      <p className="jp-TfenvEmpty" role="status">
        {props.message ?? trans.__('The channels have no TensorFlow.')}
      </p>
    );
  }
  return (
    <>
      {props.message && <p className="jp-TfenvHint">{props.message}</p>}
      <p className="jp-TfenvHint">
        {trans.__(
          '● CPU, ◆ CUDA; ○ and ◇ exist, but not for this machine. Choose a cell to fill the form.'
        )}
      </p>
      <div className="jp-TfenvCompatibility-scroll">
        <table
          ref={grid}
          role="grid"
          aria-label={trans.__('Compatibility of TensorFlow and Python')}
          aria-readonly
          onKeyDown={onKeyDown}
          onMouseLeave={() => setShown(null)}
        >
          <thead>
            <tr>
              <th scope="col">{trans.__('TensorFlow')}</th>
              {table.pythons.map(python => (
                <th key={python} scope="col">
                  {python}
                </th>
              ))}
              <th scope="col">{trans.__('Keras')}</th>
            </tr>
          </thead>
          <tbody>
            {table.rows.map((item, y) => (
              <tr key={`${item.release.version} ${item.source}`}>
                <th scope="row">
                  {item.release.version}
                  {item.source === 'pypi' && (
                    <span className="jp-TfenvHint">{` ${PYPI}`}</span>
                  )}
                </th>
                {item.cells.map((cell, x) => {
                  const text = describe(item, cell, trans);
                  const isPossible = canInstall(cell);
                  const choose = (): void => {
                    setActive([y, x]);
                    if (isPossible) {
                      props.onChoose(item, cell.python);
                    }
                  };
                  return (
                    <td
                      key={cell.python}
                      role="gridcell"
                      data-cell={`${y}-${x}`}
                      tabIndex={y === row && x === column ? 0 : -1}
                      aria-label={text}
                      aria-disabled={!isPossible}
                      title={text}
                      onFocus={() => {
                        setActive([y, x]);
                        setShown(text);
                      }}
                      onMouseEnter={() => setShown(text)}
                      onClick={choose}
                      onKeyDown={event => {
                        if (event.key === 'Enter' || event.key === ' ') {
                          event.preventDefault();
                          choose();
                        }
                      }}
                    >
                      <Mark builds={cell.cpu} possible="●" other="○" />
                      <Mark builds={cell.cuda} possible="◆" other="◇" />
                    </td>
                  );
                })}
                <td>{item.release.keras ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="jp-TfenvCompatibility-text" aria-hidden>
        {shown}
      </p>
    </>
  );
}

function Mark(props: {
  builds: IBuilds | null;
  possible: string;
  other: string;
}): JSX.Element | null {
  const { builds } = props;
  return (
    builds && (
      <span data-possible={builds.reason === null}>
        {builds.reason === null ? props.possible : props.other}
      </span>
    )
  );
}

function canInstall({ cpu, cuda }: ICompatibility): boolean {
  return cpu?.reason === null || cuda?.reason === null;
}

/** "TensorFlow 2.21.0 (PyPI), Python 3.11: CPU. CUDA 12.6: needs a driver for CUDA 12." */
function describe(
  { release, source }: ICompatibilityRow,
  cell: ICompatibility,
  trans: TranslationBundle
): string {
  const name =
    source === 'pypi' ? `${release.version} (${PYPI})` : release.version;
  const builds = [cell.cpu, cell.cuda].filter(
    (item): item is IBuilds => item !== null
  );
  const texts = builds.map(({ variant, reason }) =>
    reason === null
      ? variantLabel(variant)
      : trans.__(
          '%1 not on this machine: %2',
          variantLabel(variant),
          reason || trans.__('unknown reason')
        )
  );
  return trans.__(
    'TensorFlow %1, Python %2: %3',
    name,
    cell.python,
    texts.length > 0 ? texts.join('; ') : trans.__('no build')
  );
}
