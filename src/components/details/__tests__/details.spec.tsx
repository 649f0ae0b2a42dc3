import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { check, entry, environment, job } from '../../../__tests__/fixtures';
import type {
  AvailablePackage,
  Package,
  Revision,
  Why
} from '../../../api/generated';
import { RequestError } from '../../../api/request';
import { CommandIDs } from '../../../commandids';
import type { DetailsTab } from '../../../models/state/navigation';
import { Details } from '../details';

const trans = nullTranslator.load('tfenv_lab');

function installed(name: string, change: Partial<Package> = {}): Package {
  return {
    name,
    version: '1.0',
    build: 'py311_0',
    channel: 'conda-forge',
    source: 'conda',
    requested: false,
    size: 1000,
    ...change
  };
}

const REVISIONS: Revision[] = [
  {
    number: 1,
    created: new Date().toISOString(),
    kind: 'install',
    summary: 'pandas 2.3',
    asked: 'Install pandas',
    note: 'For the course',
    entries: [entry('install', 'pandas', null, '2.3', { requested: true })],
    digest: null
  },
  {
    number: 0,
    created: new Date(0).toISOString(),
    kind: 'found',
    summary: 'Found as it was',
    asked: null,
    note: null,
    entries: [],
    digest: null
  }
];

const PACKAGES = [
  installed('absl-py'),
  installed('numpy'),
  installed('tensorflow', { requested: true }),
  installed('own-tool', { source: 'pypi', build: null, channel: null })
];

const WHY: Why = {
  name: 'numpy',
  version: '1.0',
  source: 'conda',
  requested: false,
  spec: null,
  because: ['tensorflow', 'keras'],
  needed_by: [
    { name: 'keras', version: '3.5', source: 'conda', spec: '' },
    { name: 'own-tool', version: '1.0', source: 'pypi', spec: '>=1.26' }
  ],
  needs: [{ name: 'libblas', version: null, source: null, spec: '>=3.9' }]
};

function Screen(
  props: Partial<React.ComponentProps<typeof Details>>
): JSX.Element {
  const [basket, setBasket] = React.useState<readonly string[]>([]);
  const [tab, setTab] = React.useState<DetailsTab>(props.tab ?? 'packages');
  return (
    <Details
      environment={environment('tf219')}
      packages={{ value: PACKAGES, error: null }}
      revisions={{ value: REVISIONS, error: null }}
      variables={{ value: {}, error: null }}
      annotations={{ value: { note: null, pins: [] }, error: null }}
      onAnnotations={async () => undefined}
      size={{ value: { bytes: 1.5e9, shared: 1.4e9 }, error: null }}
      job={null}
      failure={null}
      check={null}
      isChecking={false}
      trans={trans}
      execute={() => undefined}
      onPlan={() => undefined}
      onBack={() => undefined}
      onVariables={async () => undefined}
      search={async () => []}
      explain={async () => WHY}
      basket={props.basket ?? basket}
      onBasket={setBasket}
      newer={new Map()}
      onNames={() => undefined}
      copyName="tf219-copy"
      onNote={async () => undefined}
      onCompare={() => undefined}
      openMenu={() => undefined}
      {...props}
      tab={tab}
      onTab={setTab}
    />
  );
}

function show(
  props: Partial<React.ComponentProps<typeof Details>> = {}
): [string, unknown][] {
  const executed: [string, unknown][] = [];
  render(
    <Screen
      {...props}
      execute={(command, args) => executed.push([command, args])}
      onPlan={request => executed.push(['plan', request])}
    />
  );
  return executed;
}

function click(name: string | RegExp): void {
  fireEvent.click(screen.getByRole('button', { name }));
}

function planned(executed: [string, unknown][]): unknown {
  const [command, request] = executed[0];
  expect(command).toBe('plan');
  return request;
}

it('shows the size on disk once it is measured', () => {
  const { rerender } = render(<Screen size={null} />);
  expect(screen.queryByText(/on disk/)).toBeNull();
  rerender(<Screen />);
  screen.getByText('1.5 GB on disk (1.4 GB shared)');
});

describe('Packages', () => {
  it('lists requested packages first', () => {
    show();
    const names = screen
      .getAllByRole('rowheader')
      .map(cell => cell.textContent);
    expect(names).toEqual(['tensorflow', 'absl-py', 'numpy', 'own-tool']);
  });

  it('filters the packages', () => {
    show();
    fireEvent.change(screen.getByRole('searchbox'), {
      target: { value: 'num' }
    });
    expect(screen.getAllByRole('rowheader')).toHaveLength(1);
  });

  it('renders a long list only as far as it is scrolled', () => {
    const many = Array.from({ length: 3000 }, (_, i) => installed(`p${i}`));
    show({ packages: { value: many, error: null } });
    expect(screen.getAllByRole('rowheader').length).toBeLessThan(200);
    fireEvent.change(screen.getByRole('searchbox'), {
      target: { value: 'p2999' }
    });
    screen.getByRole('rowheader', { name: 'p2999' });
  });

  it('plans to add a package from the channels', async () => {
    jest.useFakeTimers();
    try {
      const found: AvailablePackage[] = [
        { name: 'pandas', versions: ['2.3.0'], source: 'conda' }
      ];
      const executed = show({ search: async () => found });
      fireEvent.change(screen.getByRole('searchbox'), {
        target: { value: 'pand' }
      });
      await act(async () => {
        await jest.advanceTimersByTimeAsync(1000);
      });
      click('Add pandas…');
      expect(planned(executed)).toEqual({
        kind: 'install',
        environment: 'id-tf219',
        specs: ['pandas']
      });
    } finally {
      jest.useRealTimers();
    }
  });

  it('collects packages with versions for one plan', async () => {
    const found: AvailablePackage[] = [
      { name: 'pandas', versions: ['2.3.0', '2.2.0'], source: 'conda' },
      { name: 'greet', versions: ['1.2', '1.0'], source: 'pypi' }
    ];
    const executed = show({ search: async () => found });
    const field = screen.getByRole('searchbox');
    for (const [name, version] of [
      ['pandas', '2.2.0'],
      ['greet', '']
    ]) {
      fireEvent.change(field, { target: { value: 'x' } });
      const versions = await screen.findByLabelText(`Version of ${name}`);
      fireEvent.change(versions, { target: { value: version } });
      click(`Collect ${name} with other packages`);
    }
    click('Review Plan…');
    fireEvent.change(field, { target: { value: 'x' } });
    await screen.findByLabelText('Version of greet');
    click('Leave out pypi:greet');
    fireEvent.change(field, { target: { value: 'rich' } });
    click('Add rich…');
    expect(executed).toEqual(
      [
        ['pandas==2.2.0', 'pypi:greet'],
        ['pandas==2.2.0', 'rich']
      ].map(specs => [
        'plan',
        { kind: 'install', environment: 'id-tf219', specs }
      ])
    );
  });

  it('asks for newer versions of what is shown, and updates to one', () => {
    const asked: (readonly string[])[] = [];
    const executed = show({
      newer: new Map([['conda numpy', '2.2.0']]),
      onNames: names => asked.push(names)
    });
    expect(asked).toEqual([['tensorflow', 'absl-py', 'numpy']]);
    click('Update numpy, newest version: 2.2.0');
    expect(executed).toEqual([
      [
        CommandIDs.updateEnvironment,
        { environment: 'id-tf219', packages: ['numpy'] }
      ]
    ]);
    click('own-tool');
    expect(asked[1]).toContain('own-tool');
  });

  it('plans to add any spec', () => {
    const executed = show();
    const field = screen.getByRole('searchbox');
    fireEvent.change(field, { target: { value: 'pandas>=2.2' } });
    click('Add pandas>=2.2…');
    expect(planned(executed)).toMatchObject({ specs: ['pandas>=2.2'] });
  });

  it('plans to remove packages of both sources', () => {
    const executed = show();
    click('Remove numpy');
    click('Remove own-tool');
    expect(executed).toEqual(
      ['numpy', 'own-tool'].map(name => [
        'plan',
        { kind: 'remove', environment: 'id-tf219', packages: [name] }
      ])
    );
  });

  it('shows which packages come from PyPI, and which were requested', () => {
    const packages = [
      installed('numpy', { requested: true }),
      installed('greet', { source: 'pypi', requested: true }),
      installed('hello', { source: 'pypi' })
    ];
    show({ packages: { value: packages, error: null } });
    const rows = screen.getAllByRole('row').map(row => row.textContent);
    expect(rows).toEqual([
      'greet1.0 PyPI · 1 kB · requested',
      'numpy1.0 conda-forge · 1 kB · requested',
      'hello1.0 PyPI · 1 kB'
    ]);
  });

  it('names the channel of a URL by its end', () => {
    const channel = 'file:///srv/channels/lab';
    show({
      packages: { value: [installed('numpy', { channel })], error: null }
    });
    expect(screen.getByRole('row').textContent).toContain('lab · 1 kB');
    expect(screen.getByRole('row').title).toContain(channel);
  });

  it('explains why a package is there, and what it needs', async () => {
    show();
    const button = screen.getByRole('button', { name: 'numpy' });
    expect(button.getAttribute('aria-expanded')).toBe('false');
    fireEvent.click(button);
    await screen.findByText('Needed because of tensorflow → keras → numpy');
    expect(button.getAttribute('aria-expanded')).toBe('true');
    expect(
      screen.getAllByRole('definition').map(item => item.textContent)
    ).toEqual([
      'keras 3.5',
      'own-tool 1.0 · >=1.26 · PyPI',
      'libblas · >=3.9 · not installed'
    ]);
    fireEvent.click(button);
    expect(screen.queryByText(/Needed because of/)).toBeNull();
  });

  it('goes to a package that needs another, and keeps the focus there', async () => {
    show();
    click('numpy');
    fireEvent.click(
      await screen.findByRole('button', { name: 'own-tool 1.0' })
    );
    const row = screen.getByRole('button', { name: 'own-tool' });
    expect(document.activeElement).toBe(row);
    expect(row.getAttribute('aria-expanded')).toBe('true');
    await screen.findByText(/Needed because of/);
  });

  it('says why a package cannot be explained', async () => {
    const error = new RequestError({
      reason: 'not-found',
      message: 'It is gone.',
      hint: null,
      details: null
    });
    show({ explain: () => Promise.reject(error) });
    click('numpy');
    await screen.findByText('It is gone.');
  });

  it('requests a package from the source that the search shows', async () => {
    const found: AvailablePackage[] = [
      { name: 'greet', versions: ['1.2'], source: 'pypi' }
    ];
    const executed = show({ search: async () => found });
    fireEvent.change(screen.getByRole('searchbox'), {
      target: { value: 'greet' }
    });
    await screen.findByText('newest: 1.2 · PyPI');
    click('Add greet…');
    expect(planned(executed)).toMatchObject({ specs: ['pypi:greet'] });
  });

  it.each([
    ['protected', { environment: environment('tf219', { protected: true }) }],
    ['read-only', { environment: environment('tf219', { writable: false }) }],
    ['busy', { job: job('1', 'tf219') }]
  ])('changes nothing of one that is %s', (_, props) => {
    show(props);
    expect(screen.queryByRole('button', { name: /^Remove/ })).toBeNull();
  });
});

describe('History', () => {
  it('shows what each revision changed, and plans a revert', () => {
    const executed = show();
    fireEvent.click(screen.getByRole('tab', { name: 'History' }));
    screen.getByText('Install pandas');
    screen.getByText('pandas 2.3');
    screen.getByText('For the course');
    screen.getByText('Found as it was');
    screen.getByText('1 change');
    click('Revert… to revision 0');
    expect(planned(executed)).toEqual({
      kind: 'revert',
      environment: 'id-tf219',
      revision: 0
    });
  });

  it('plans a copy at a revision, also of a protected environment', () => {
    const shown = environment('tf219', { protected: true });
    const executed = show({ tab: 'history', environment: shown });
    click('Copy… of revision 0');
    expect(planned(executed)).toEqual({
      kind: 'revert',
      environment: 'id-tf219',
      revision: 0,
      into: 'tf219-copy'
    });
  });

  it('compares an earlier revision with the environment', () => {
    const compared: number[] = [];
    show({ tab: 'history', onCompare: number => compared.push(number) });
    click('Compare revision 0');
    expect(compared).toEqual([0]);
    expect(
      screen.queryByRole('button', { name: 'Compare revision 1' })
    ).toBeNull();
  });

  it('writes, edits and removes a note', async () => {
    const notes: unknown[] = [];
    show({
      tab: 'history',
      onNote: async (number, note) => void notes.push([number, note])
    });
    for (const [button, text] of [
      ['Add note to revision 0', 'First'],
      ['Edit note of revision 1', ' ']
    ]) {
      click(button);
      const field = screen.getByRole('textbox', { name: 'Note' });
      fireEvent.change(field, { target: { value: text } });
      await act(async () => click('Save'));
      expect(screen.queryByRole('textbox', { name: 'Note' })).toBeNull();
      expect(document.activeElement?.getAttribute('aria-label')).toBe(button);
    }
    expect(notes).toEqual([
      [0, 'First'],
      [1, null]
    ]);
  });

  it('keeps a note that is refused', async () => {
    const error = new RequestError({
      reason: 'prefix-busy',
      message: 'A job is running.',
      hint: null,
      details: null
    });
    show({ tab: 'history', onNote: () => Promise.reject(error) });
    click('Add note to revision 0');
    const field = screen.getByRole('textbox', { name: 'Note' });
    fireEvent.change(field, { target: { value: 'Mine' } });
    await act(async () => click('Save'));
    screen.getByText('A job is running.');
    screen.getByDisplayValue('Mine');
    fireEvent.keyDown(field, { key: 'Escape' });
    expect(screen.queryByDisplayValue('Mine')).toBeNull();
  });

  it('reverts to the current revision what other programs changed', () => {
    const executed = show();
    fireEvent.click(screen.getByRole('tab', { name: 'History' }));
    click('Revert… to revision 1');
    expect(planned(executed)).toEqual({
      kind: 'revert',
      environment: 'id-tf219',
      revision: 1
    });
  });
});

describe('Check', () => {
  it('plans a repair', () => {
    const executed = show({ tab: 'check' });
    click('Repair…');
    expect(planned(executed)).toEqual({
      kind: 'repair',
      environment: 'id-tf219'
    });
  });

  it('starts a check', () => {
    const executed = show({ tab: 'check' });
    click('Check');
    expect(executed).toEqual([
      [CommandIDs.checkEnvironment, { environment: 'id-tf219' }]
    ]);
  });

  it('shows problems with their remedies', () => {
    const request = {
      kind: 'update' as const,
      environment: 'id-tf219',
      packages: ['keras']
    };
    const result = check({
      ok: false,
      problems: [
        {
          code: 'keras-mismatch',
          message: 'Keras 2 does not go with TensorFlow 2.19.',
          remedy: {
            message: 'Update Keras.',
            plan_request: request,
            kernelspec: null
          },
          details: 'ImportError: no keras'
        },
        {
          code: 'user-site',
          message: 'keras is not of this environment.',
          remedy: {
            message: 'Leave those out.',
            plan_request: null,
            kernelspec: { ignore_user_site: true }
          },
          details: null
        }
      ]
    });
    const finished = '2026-02-01T10:00:00Z';
    const done = job('1', 'tf219', { kind: 'check', finished, result });
    const shown = environment('tf219', {
      check: { ok: false, finished, outdated: true }
    });
    const executed = show({ tab: 'check', check: done, environment: shown });
    screen.getByText('Has problems');
    screen.getByText('Keras 2 does not go with TensorFlow 2.19.');
    screen.getByText(/changed since/);
    screen.getByText('Traceback');
    screen.getByText('ImportError: no keras');
    const [update, set] = screen.getAllByRole('button', { name: 'Fix' });
    fireEvent.click(update);
    expect(planned(executed)).toEqual(request);
    fireEvent.click(set);
    expect(executed.pop()).toEqual([
      CommandIDs.setKernel,
      { environment: 'id-tf219', settings: { ignore_user_site: true } }
    ]);
  });

  it.each([
    ['3.12.0', false, '3.12.0'],
    ['2.19.0', true, '2.19.0 (tf-keras)']
  ])('shows the Keras that tf.keras is: %s, %s', (keras, tf_keras, text) => {
    const result = check({ keras, tf_keras });
    const done = job('1', 'tf219', { kind: 'check', result });
    show({ tab: 'check', check: done });
    expect(
      screen.getAllByRole('definition').map(item => item.textContent)
    ).toContain(text);
  });

  it('cannot be started twice', () => {
    show({ tab: 'check', isChecking: true });
    expect(
      screen.getByRole('button', { name: 'Checking…' }).hasAttribute('disabled')
    ).toBe(true);
  });
});

describe('Details', () => {
  it('shows an error in its tab, and no tab moves', () => {
    const error = new RequestError({
      reason: 'not-found',
      message: 'No such path.',
      hint: null,
      details: null
    });
    show({ revisions: { value: null, error } });
    const tabs = screen.getAllByRole('tab');
    expect(tabs.map(tab => tab.textContent)).toEqual([
      'Packages',
      'History',
      'Variables',
      'Check'
    ]);
    fireEvent.click(screen.getByRole('tab', { name: 'History' }));
    screen.getByText('No such path.');
  });

  it('has a line for the size before it is known, and the job below the tabs', () => {
    show({ size: null, job: job('7', 'tf219') });
    screen.getByText('Measuring the size…');
    const bar = screen.getByRole('progressbar');
    const order = screen.getByRole('tablist').compareDocumentPosition(bar);
    expect(order & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  });

  it('does not say the same in a badge and in a warning', () => {
    const advice = {
      code: 'update',
      severity: 'info' as const,
      message: 'TensorFlow 2.20.0 is available.',
      plan_request: null,
      items: []
    };
    const update = { tensorflow: '2.20.0', keras: null };
    show({ environment: environment('tf219', { update, advice: [advice] }) });
    screen.getByRole('button', { name: /^↑ 2\.20/ });
    expect(screen.queryByText(advice.message)).toBeNull();
  });

  it.each([
    ['protected', { protected: true, protected_reason: 'It is frozen.' }],
    ['read-only', { writable: false }]
  ])('offers only changes in a copy of a %s environment', (_, change) => {
    const advice = {
      code: 'keras-mismatch',
      severity: 'warning' as const,
      message: 'Keras does not fit.',
      plan_request: { kind: 'repair' as const, environment: 'id-tf219' },
      items: []
    };
    const update = { tensorflow: '2.20.0', keras: '3.13.0' };
    const shown = environment('tf219', { ...change, update, advice: [advice] });
    show({ environment: shown });
    const changes = screen.getAllByRole<HTMLButtonElement>('button', {
      name: /Update|Fix|Use Keras/
    });
    // The updates are planned in a copy. The others would change the environment itself.
    expect(changes.map(button => button.disabled)).toEqual([
      false,
      false,
      true,
      true
    ]);
    const reason = shown.protected_reason ?? 'You do not have permission';
    changes.forEach(button => expect(button.title).toContain(reason));
  });

  it('names the package that no source has', async () => {
    jest.useFakeTimers();
    show();
    const field = screen.getByRole('searchbox');
    fireEvent.change(field, { target: { value: 'tensorfow<3' } });
    await act(() => jest.advanceTimersByTimeAsync(200));
    screen.getByText('No channel and no package index has “tensorfow”.');
    jest.useRealTimers();
  });

  it('moves between tabs with the arrow keys', () => {
    show();
    const list = screen.getByRole('tablist');
    fireEvent.keyDown(list, { key: 'ArrowLeft' });
    const last = screen.getByRole('tab', { name: 'Check' });
    expect(last.getAttribute('aria-selected')).toBe('true');
    expect(document.activeElement).toBe(last);
    fireEvent.keyDown(list, { key: 'ArrowRight' });
    expect(document.activeElement?.textContent).toBe('Packages');
  });

  it('shows the digest of the packages if it is known', () => {
    const digest = 'ab'.repeat(32);
    show({ environment: environment('tf219', { digest }) });
    screen.getByText(digest);
  });

  it('offers the available updates', () => {
    const update = { tensorflow: '2.19.2', keras: '3.13.0' };
    const executed = show({ environment: environment('tf219', { update }) });
    screen.getByText('↑ 2.19.2');
    click('↑ 3.13: Update tf219 to Keras 3.13.0');
    expect(executed).toEqual([
      [
        CommandIDs.updateEnvironment,
        { environment: 'id-tf219', packages: ['keras'] }
      ]
    ]);
  });

  it('shows the result of the check, and opens it', () => {
    const finished = new Date().toISOString();
    const shown = environment('tf219', {
      check: { ok: false, finished, outdated: false }
    });
    const executed = show({ environment: shown });
    screen.getByText(/^TensorFlow has problems$/);
    click('tf219: TensorFlow has problems');
    expect(executed).toEqual([
      [CommandIDs.showEnvironment, { environment: 'id-tf219', tab: 'check' }]
    ]);
  });

  it('offers Keras 2 if it can be chosen', () => {
    const executed = show();
    click('Use Keras 2…');
    expect(executed).toEqual([
      [CommandIDs.useKeras2, { environment: 'id-tf219' }]
    ]);
  });

  it('shows that tf.keras is Keras 2, and offers Keras 3', () => {
    const executed = show({
      environment: environment('tf219', {
        legacy_keras: { available: true, version: '2.19.0', enabled: true }
      })
    });
    screen.getByText('tf.keras is Keras 2 (tf-keras 2.19.0)', { exact: false });
    click('Use Keras 3');
    expect(executed).toEqual([
      [CommandIDs.useKeras3, { environment: 'id-tf219' }]
    ]);
  });

  it('shows that the kernel needs a missing tf-keras', () => {
    show({
      environment: environment('tf219', {
        legacy_keras: { available: true, version: null, enabled: true }
      })
    });
    screen.getByText(/tf-keras is missing/);
  });

  it('shows the source of packages and why the environment is protected', () => {
    const shown = environment('base', {
      tensorflow: {
        version: '2.19.1',
        build: null,
        variant: null,
        source: 'pypi'
      },
      protected: true,
      protected_reason: 'It is the base environment.'
    });
    show({ environment: shown });
    screen.getByText('TensorFlow 2.19.1 · PyPI');
    screen.getByText('Keras 3.12.0');
    screen.getByText('It is the base environment.');
    screen.getByText(shown.prefix);
  });
});

describe('the variables', () => {
  const MODE = { value: { MODE: 'fast' }, error: null };

  function field(name: string): HTMLInputElement {
    return screen.getByLabelText<HTMLInputElement>(name);
  }

  function showVariables(
    props: Partial<React.ComponentProps<typeof Details>> = {}
  ): unknown[] {
    const changes: unknown[] = [];
    show({
      tab: 'variables',
      variables: MODE,
      onVariables: async change => {
        changes.push(change);
      },
      ...props
    });
    return changes;
  }

  it('can be set', async () => {
    const changes = showVariables();
    expect(
      screen.getByRole<HTMLButtonElement>('button', { name: 'Set Variable' })
        .disabled
    ).toBe(true);
    fireEvent.change(field('Name'), { target: { value: ' OTHER ' } });
    fireEvent.change(field('Value'), { target: { value: 'a b' } });
    await act(async () => click('Set Variable'));
    expect(changes).toEqual([{ OTHER: 'a b' }]);
    expect([field('Name').value, field('Value').value]).toEqual(['', '']);
  });

  it('can be edited and removed', async () => {
    const changes = showVariables();
    click('MODE');
    expect([field('Name').value, field('Value').value]).toEqual([
      'MODE',
      'fast'
    ]);
    await act(async () => click('Remove MODE'));
    expect(changes).toEqual([{ MODE: null }]);
  });

  it('are offered with a sentence if TensorFlow reads them', () => {
    showVariables({
      variables: { value: { TF_USE_LEGACY_KERAS: '1' }, error: null }
    });
    screen.getByText(/^Hides messages of TensorFlow/);
    expect(screen.queryByText(/^Makes tf.keras Keras 2/)).toBeNull();
    click('TF_CPP_MIN_LOG_LEVEL');
    expect(field('Name').value).toBe('TF_CPP_MIN_LOG_LEVEL');
    expect(field('Value').value).toBe('2');
  });

  it('stay in the form if they are refused', async () => {
    showVariables({
      onVariables: async () => {
        throw new RequestError({
          reason: 'prefix-busy',
          message: '“tf219” is busy.',
          hint: null,
          details: null
        });
      }
    });
    fireEvent.change(field('Name'), { target: { value: 'OTHER' } });
    await act(async () => click('Set Variable'));
    screen.getByText('“tf219” is busy.');
    expect(field('Name').value).toBe('OTHER');
  });

  it('of a protected environment are only shown', () => {
    showVariables({ environment: environment('base', { protected: true }) });
    screen.getByText('MODE');
    expect(screen.queryByRole('button', { name: /MODE/ })).toBeNull();
    expect(screen.queryByLabelText('Name')).toBeNull();
  });
});
