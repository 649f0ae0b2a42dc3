import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { DISK, job } from '../../../__tests__/fixtures';
import type { Cleanable, Disk, PlanRequest } from '../../../api/generated';
import { CommandIDs } from '../../../commandids';
import type { ICleanDraft } from '../../../models/state/disk';
import { Space } from '../space';

const trans = nullTranslator.load('tfenv_lab');

const DRAFT: ICleanDraft = {
  what: new Set<Cleanable>(['cache', 'uv', 'trash']),
  olderThanDays: null
};

const planned: PlanRequest[] = [];
const executed: string[] = [];

/** Show the screen, which keeps the choices of its form. */
function Shown(
  props: Partial<React.ComponentProps<typeof Space>>
): JSX.Element {
  const [draft, onDraft] = React.useState(DRAFT);
  return (
    <Space
      disk={DISK}
      failure={null}
      names={new Map([['id-tf219', 'tf219']])}
      draft={draft}
      job={null}
      trans={trans}
      execute={command => executed.push(command)}
      onDraft={onDraft}
      onPlan={request => planned.push(request)}
      {...props}
    />
  );
}

function rows(table: string): (string | null)[][] {
  const found = screen.getByRole<HTMLTableElement>('table', { name: table });
  return Array.from(found.tBodies[0].rows, row =>
    Array.from(row.cells, cell => cell.textContent)
  );
}

afterEach(() => {
  planned.length = 0;
  executed.length = 0;
});

describe('Space', () => {
  it('lists environments and caches with their bytes, the largest first', () => {
    render(<Shown />);
    expect(rows('Environments')).toEqual([
      ['id-tf220', '500 MB', '1.5 GB'],
      ['tf219', '15 MB', '1.4 GB']
    ]);
    expect(rows('Caches')).toEqual([
      ['Cache of uv (PyPI)', '0 B', '4 GB'],
      ['Package cache', '1.1 GB', '2 GB'],
      ['Compiled Python files', '100 MB', '100 MB']
    ]);
    screen.getByText('41 GB free');
  });

  it('draws bars that only sighted people need', () => {
    const { container } = render(<Shown />);
    const bars = container.querySelectorAll('.jp-TfenvSpace-bar');
    expect(bars).toHaveLength(5);
    bars.forEach(bar => expect(bar.getAttribute('aria-hidden')).toBe('true'));
    const parts = bars[1].querySelectorAll<HTMLElement>('[data-part]');
    expect(Array.from(parts, part => part.style.width)).toEqual([
      '0.8%',
      '70.0%'
    ]);
  });

  it('plans what is chosen, without what frees nothing', () => {
    render(<Shown />);
    expect(
      screen.getByRole<HTMLInputElement>('checkbox', {
        name: 'Packages that no environment needs (1.2 GB)'
      }).checked
    ).toBe(true);
    expect(
      screen.getByRole<HTMLInputElement>('checkbox', {
        name: 'Deleted environments and remains of changes (0 B)'
      }).disabled
    ).toBe(true);
    fireEvent.click(screen.getByText('Review Plan…'));
    expect(planned).toEqual([
      { kind: 'clean', what: ['cache'], older_than_days: null }
    ]);
  });

  it('asks how old the revisions are whose packages go', () => {
    render(<Shown />);
    expect(screen.queryByLabelText('Age of the revisions')).toBeNull();
    fireEvent.click(
      screen.getByLabelText('Packages that only reverts need (600 MB)')
    );
    fireEvent.change(screen.getByLabelText('Age of the revisions'), {
      target: { value: '90' }
    });
    fireEvent.click(screen.getByText('Review Plan…'));
    expect(planned).toEqual([
      { kind: 'clean', what: ['cache', 'revisions'], older_than_days: 90 }
    ]);
  });

  it('plans nothing if nothing is chosen', () => {
    render(<Shown />);
    fireEvent.click(
      screen.getByLabelText('Packages that no environment needs (1.2 GB)')
    );
    const button = screen.getByText<HTMLButtonElement>('Review Plan…');
    expect(button.disabled).toBe(true);
  });

  it('names what is left out, and says that it measures', () => {
    const disk: Disk = { ...DISK, left_out: ['away', 'the cache of uv'] };
    render(<Shown disk={disk} />);
    screen.getByText(
      /do not respond or cannot be read: away, the cache of uv$/
    );
    cleanup();
    render(<Shown disk={null} />);
    screen.getByRole('status');
  });

  it('shows the job that frees space', () => {
    const progress = { ...job('1', '').progress, fraction: 0.5 };
    const clean = job('1', 'disk space', {
      kind: 'clean',
      phase: 'clean',
      progress
    });
    render(<Shown job={clean} />);
    screen.getByText('deleting 30 / 68');
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(executed).toEqual([CommandIDs.cancelJob]);
  });
});
