import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import {
  cudaVariant,
  NO_DRIVER,
  release,
  variant
} from '../../../__tests__/catalogFixtures';
import type { Catalog } from '../../../api/generated';
import { compatibilityTable } from '../../../models/form/compatibility';
import { CompatibilityTable } from '../compatibilityTable';

const trans = nullTranslator.load('tfenv_lab');

const CATALOG = {
  releases: [
    release('2.21.0', [
      variant('cpu', ['3.11', '3.12'], { source: 'pypi' }),
      cudaVariant('cuda12.5', ['3.11', '3.12'])
    ]),
    release('2.20.0', [
      variant('cpu', ['3.10', '3.11'], {
        blocked: [{ python: '3.10', reason: 'needs a newer glibc' }]
      })
    ])
  ]
} as unknown as Catalog;

function show(cuda: string | null = null): [string, string, string][] {
  const chosen: [string, string, string][] = [];
  render(
    <CompatibilityTable
      table={compatibilityTable(CATALOG, cuda)}
      message={null}
      trans={trans}
      onChoose={({ release, source }, python) =>
        chosen.push([release.version, source, python])
      }
    />
  );
  return chosen;
}

function press(key: string, init: KeyboardEventInit = {}): void {
  fireEvent.keyDown(document.activeElement ?? document.body, { key, ...init });
}

function cells(): (string | null)[] {
  return screen
    .getAllByRole('gridcell')
    .filter(cell => cell.dataset.cell)
    .map(cell => cell.textContent);
}

it('has a row for each release and source, and a column for each Python', () => {
  show();
  expect(
    screen.getAllByRole('columnheader').map(item => item.textContent)
  ).toEqual(['TensorFlow', '3.10', '3.11', '3.12', 'Keras']);
  expect(
    screen.getAllByRole('rowheader').map(item => item.textContent)
  ).toEqual(['2.21.0 PyPI', '2.21.0', '2.20.0']);
  expect(cells()).toEqual(['', '●', '●', '', '◇', '◇', '○', '●', '']);
});

it('says in words what a cell means', () => {
  show();
  screen.getByLabelText('TensorFlow 2.21.0 (PyPI), Python 3.11: CPU');
  screen.getByLabelText('TensorFlow 2.21.0, Python 3.10: no build');
  screen.getByLabelText(
    `TensorFlow 2.21.0, Python 3.12: CUDA 12.5 not on this machine: ${NO_DRIVER}`
  );
  screen.getByLabelText(
    'TensorFlow 2.20.0, Python 3.10: CPU not on this machine: needs a newer glibc'
  );
});

it('shows the words on hover and on focus', () => {
  show();
  const text = 'TensorFlow 2.21.0 (PyPI), Python 3.11: CPU';
  const cell = screen.getByLabelText(text);
  fireEvent.mouseEnter(cell);
  screen.getByText(text);
  fireEvent.mouseLeave(screen.getByRole('grid'));
  expect(screen.queryByText(text)).toBeNull();
  fireEvent.focus(cell);
  screen.getByText(text);
});

it('knows what an assumed driver can run', () => {
  show('12.8');
  expect(cells().slice(3, 6)).toEqual(['', '◆', '◆']);
});

it('chooses a cell that can be installed, and no other', () => {
  const chosen = show();
  fireEvent.click(screen.getByLabelText(/2.20.0, Python 3.11/));
  fireEvent.click(screen.getByLabelText(/2.20.0, Python 3.10/));
  fireEvent.click(screen.getByLabelText(/2.21.0, Python 3.10/));
  expect(chosen).toEqual([['2.20.0', 'conda', '3.11']]);
});

it('is one tab stop, and the arrow keys move in it', () => {
  const chosen = show();
  const stops = screen
    .getAllByRole('gridcell')
    .filter(cell => cell.tabIndex === 0 && cell.dataset.cell);
  expect(stops).toHaveLength(1);
  act(() => stops[0].focus());
  press('ArrowLeft');
  press('ArrowRight');
  press('Enter');
  press('ArrowDown');
  press('ArrowDown');
  press('ArrowDown');
  press(' ');
  press('End');
  const label = (): string | null | undefined =>
    document.activeElement?.getAttribute('aria-label');
  expect(label()).toBe('TensorFlow 2.20.0, Python 3.12: no build');
  press('Home', { ctrlKey: true });
  expect(label()).toBe('TensorFlow 2.21.0 (PyPI), Python 3.10: no build');
  expect(chosen).toEqual([
    ['2.21.0', 'pypi', '3.11'],
    ['2.20.0', 'conda', '3.11']
  ]);
});

it('says why there is no release', () => {
  render(
    <CompatibilityTable
      table={{ pythons: [], rows: [] }}
      message="No channel answers."
      trans={trans}
      onChoose={() => undefined}
    />
  );
  screen.getByText('No channel answers.');
});
