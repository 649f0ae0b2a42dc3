import type { TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { entry, environment } from '../../../__tests__/fixtures';
import type { Package, Revision, Why } from '../../../api/generated';
import { EMPTY_BASKET } from '../../../models/form/basket';
import type { DetailsTab } from '../../../models/state/navigation';
import { Details } from '../details';

export const trans: TranslationBundle = nullTranslator.load('tfenv_lab');

export function installed(
  name: string,
  change: Partial<Package> = {}
): Package {
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

export const REVISIONS: Revision[] = [
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

export const PACKAGES = [
  installed('absl-py'),
  installed('numpy'),
  installed('tensorflow', { requested: true }),
  installed('own-tool', { source: 'pypi', build: null, channel: null })
];

export const WHY: Why = {
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

export function Screen(
  props: Partial<React.ComponentProps<typeof Details>>
): JSX.Element {
  const [basket, setBasket] = React.useState(EMPTY_BASKET);
  const [tab, setTab] = React.useState<DetailsTab>(props.tab ?? 'packages');
  return (
    <Details
      environment={environment('tf219')}
      packages={{ value: PACKAGES, error: null }}
      revisions={{ value: REVISIONS, error: null }}
      variables={{ value: {}, error: null }}
      annotations={{ value: { note: null, pins: [] }, error: null }}
      onAnnotations={async () => undefined}
      clusters={{
        clusters: [],
        chosen: '',
        nodes: null,
        choose: async () => undefined,
        refresh: async () => undefined
      }}
      onCluster={null}
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

export function show(
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

export function click(name: string | RegExp): void {
  fireEvent.click(screen.getByRole('button', { name }));
}

export function planned(executed: [string, unknown][]): unknown {
  const [command, request] = executed[0];
  expect(command).toBe('plan');
  return request;
}
