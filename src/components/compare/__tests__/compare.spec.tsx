import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { environment } from '../../../__tests__/fixtures';
import type { Comparison } from '../../../api/generated';
import { RequestError } from '../../../api/request';
import { Compare } from '../compare';

const trans = nullTranslator.load('tfenv_lab');

const FOUND: Comparison = {
  left: { name: 'tf219', revision: 2 },
  right: { name: 'tf220', revision: null },
  differences: [
    {
      name: 'tensorflow',
      left: { version: '2.19.1', build: 'cpu_1', source: 'conda' },
      right: { version: '2.20.0', build: null, source: 'pypi' }
    },
    {
      name: 'zlib',
      left: { version: '1.3', build: 'h1_0', source: 'conda' },
      right: { version: '1.3', build: 'h1_1', source: 'conda' }
    },
    {
      name: 'h5py',
      left: null,
      right: { version: '3.1', build: 'py_0', source: 'conda' }
    }
  ],
  same: 40
};

function show(props: Partial<React.ComponentProps<typeof Compare>> = {}): {
  changes: unknown[];
} {
  const changes: unknown[] = [];
  render(
    <Compare
      left={{ environment: 'id-tf219', revision: 2 }}
      right={{ environment: 'id-tf220', revision: null }}
      environments={[environment('tf219'), environment('tf220')]}
      trans={trans}
      compare={async () => FOUND}
      revisions={async () => []}
      onChange={(...sides) => changes.push(sides)}
      {...props}
    />
  );
  return { changes };
}

it('shows versions, and builds only if nothing else differs', async () => {
  show();
  await screen.findByText('3 packages differ. 40 packages are the same.');
  const rows = screen.getAllByRole('row').map(row => row.textContent);
  expect(rows).toEqual([
    'Packagetf219, revision 2tf220',
    'tensorflow2.19.12.20.0 · PyPI',
    'zlib1.3 · h1_01.3 · h1_1',
    'h5py–3.1'
  ]);
});

it('says if nothing differs', async () => {
  show({ compare: async () => ({ ...FOUND, differences: [], same: 1 }) });
  await screen.findByText('No package differs. 1 package is the same.');
  expect(screen.queryByRole('table')).toBeNull();
});

it('changes one side and keeps the other', async () => {
  const { changes } = show();
  await screen.findByRole('table');
  fireEvent.change(screen.getByLabelText('Right: environment'), {
    target: { value: 'id-tf219' }
  });
  fireEvent.change(screen.getByLabelText('Left: revision'), {
    target: { value: '' }
  });
  expect(changes).toEqual([
    [
      { environment: 'id-tf219', revision: 2 },
      { environment: 'id-tf219', revision: null }
    ],
    [
      { environment: 'id-tf219', revision: null },
      { environment: 'id-tf220', revision: null }
    ]
  ]);
});

it('says why it cannot compare', async () => {
  const error = new RequestError({
    reason: 'not-found',
    message: '“tf219” has no revision 2.',
    hint: null,
    details: null
  });
  show({ compare: () => Promise.reject(error) });
  await screen.findByText('“tf219” has no revision 2.');
});
