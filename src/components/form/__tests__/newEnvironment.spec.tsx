import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';

import {
  CATALOG,
  NO_DRIVER,
  release,
  variant
} from '../../../__tests__/catalogFixtures';
import { STATUS } from '../../../__tests__/fixtures';
import type { CreateRequest } from '../../../api/generated';
import type { IChoice } from '../../../models/form/choices';
import type { IDraft } from '../../../models/state/navigation';
import { EMPTY_DRAFT } from '../../../models/state/navigation';
import { NewEnvironment } from '../newEnvironment';

const trans = nullTranslator.load('tfenv_lab');

/** The form with its draft, as in the panel. */
function Form(
  props: Partial<React.ComponentProps<typeof NewEnvironment>> & {
    onReview: (request: CreateRequest) => void;
  }
): JSX.Element {
  const [draft, setDraft] = React.useState<IDraft>(EMPTY_DRAFT);
  return (
    <NewEnvironment
      catalog={CATALOG}
      status={STATUS}
      isLoading={false}
      draft={draft}
      defaultPackages={[]}
      names={new Set(['tf219'])}
      trans={trans}
      onDraft={setDraft}
      onImport={() => undefined}
      onCompatibility={() => undefined}
      search={async () => []}
      {...props}
    />
  );
}

function show(
  props: Partial<React.ComponentProps<typeof NewEnvironment>> = {}
): CreateRequest[] {
  const requests: CreateRequest[] = [];
  render(<Form {...props} onReview={request => requests.push(request)} />);
  return requests;
}

function review(): void {
  fireEvent.click(screen.getByRole('button', { name: 'Review Plan…' }));
}

describe('NewEnvironment', () => {
  it('opens with a request that can be reviewed', () => {
    const requests = show({ defaultPackages: ['pandas'] });
    review();
    expect(requests).toEqual([
      {
        kind: 'create',
        name: 'tf219-2',
        tensorflow: '2.19.*',
        python: '3.12',
        variant: 'auto',
        cuda: null,
        packages: ['pandas']
      }
    ]);
  });

  it('narrows the other choices, and proposes another name', () => {
    const requests = show();
    fireEvent.change(screen.getByLabelText('TensorFlow'), {
      target: { value: '2.15.0' }
    });
    expect(screen.getByLabelText<HTMLSelectElement>('Python').value).toBe(
      '3.11'
    );
    review();
    expect(requests[0]).toMatchObject({
      name: 'tf215',
      tensorflow: '2.15.*',
      python: '3.11'
    });
  });

  it('offers a choice of Keras where there is one', () => {
    const requests = show();
    const field = screen.getByLabelText<HTMLSelectElement>('Keras');
    expect(field.selectedOptions[0].textContent).toBe(
      'Keras 3, newest that fits (3.12.0)'
    );
    fireEvent.change(field, { target: { value: '2' } });
    review();
    expect(requests[0].keras).toBe('2');
    fireEvent.change(screen.getByLabelText('TensorFlow'), {
      target: { value: '2.15.0' }
    });
    expect(screen.queryByLabelText('Keras')).toBeNull();
    review();
    expect(requests[1].keras).toBeUndefined();
  });

  it('disables options that cannot be chosen, and shows the reason', () => {
    show();
    const python = within(screen.getByLabelText('Python'));
    const option = python.getByRole<HTMLOptionElement>('option', {
      name: '3.9: not available with TensorFlow 2.19.1'
    });
    expect(option.disabled).toBe(true);
    const cuda = screen.getByRole<HTMLInputElement>('radio', { name: 'CUDA' });
    expect(cuda.disabled).toBe(true);
    screen.getByText(
      'CUDA: needs a driver for CUDA 12, but this machine has none'
    );
  });

  it('offers CUDA with an assumed driver', () => {
    const requests = show();
    fireEvent.change(screen.getByLabelText('CUDA version of the driver'), {
      target: { value: '12.8' }
    });
    fireEvent.click(screen.getByRole('radio', { name: 'CUDA' }));
    review();
    expect(requests[0]).toMatchObject({ variant: 'cuda', cuda: '12.8' });
  });

  it('assumes a newer CUDA version with one click, and goes back with another', () => {
    const requests = show();
    fireEvent.click(
      screen.getByRole('button', {
        name: 'Choose Builds for CUDA 12.9'
      })
    );
    screen.getByText('Builds are chosen for CUDA 12.9.');
    review();
    expect(requests[0]).toMatchObject({ variant: 'cuda', cuda: '12.9' });
    fireEvent.click(
      screen.getByRole('button', { name: 'Use Detected Driver' })
    );
    review();
    expect(requests[1]).toMatchObject({ variant: 'auto', cuda: null });
  });

  it('does not offer to assume a driver if the machine has one', () => {
    const variants = CATALOG.releases[1].variants.map(variant => ({
      ...variant,
      installable: true,
      reason: null
    }));
    const releases = [{ ...CATALOG.releases[1], variants }];
    show({ catalog: { ...CATALOG, releases } });
    screen.getByRole('radio', { name: 'Auto: CUDA 12.9' });
    expect(screen.queryByText(/Make it for a machine/)).toBeNull();
  });

  it('shows prereleases only on request', () => {
    show();
    const releases = within(screen.getByLabelText('TensorFlow'));
    expect(releases.queryByText('2.20.0rc0')).toBeNull();
    fireEvent.click(screen.getByLabelText('Show prereleases'));
    releases.getByText('2.20.0rc0');
  });

  it('rejects a name that is taken', () => {
    const requests = show();
    fireEvent.change(screen.getByLabelText('Name'), {
      target: { value: 'tf219' }
    });
    expect(screen.getByRole('alert').textContent).toBe(
      'An environment with this name already exists.'
    );
    review();
    expect(requests).toEqual([]);
  });

  it('adds packages on Enter, comma and blur, and removes them', () => {
    const requests = show();
    const field = screen.getByRole('combobox', { name: 'Packages' });
    fireEvent.change(field, { target: { value: 'pandas, scikit-learn>=1.5' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    fireEvent.change(field, { target: { value: 'matplotlib' } });
    fireEvent.blur(field);
    fireEvent.click(screen.getByRole('button', { name: 'Leave out pandas' }));
    expect(document.activeElement).toBe(
      screen.getByRole('combobox', { name: 'Packages' })
    );
    review();
    expect(requests[0].packages).toEqual(['scikit-learn>=1.5', 'matplotlib']);
  });

  it('shows why a package search failed', async () => {
    show({ search: () => Promise.reject(new Error('Internal server error.')) });
    const field = screen.getByRole('combobox', { name: 'Packages' });
    fireEvent.change(field, { target: { value: 'pand' } });
    await screen.findByText(
      'The package search failed: Internal server error.'
    );
  });

  it('shows the age of the channel data if a channel does not respond', () => {
    show({ catalog: { ...CATALOG, age_seconds: 7200 } });
    screen.getByText(/2 hours ago/);
  });

  it('offers an assumed driver if every build is for a GPU', () => {
    const releases = CATALOG.releases.filter(item => item.version === '2.9.0');
    const requests = show({ catalog: { ...CATALOG, releases } });
    screen.getByText(NO_DRIVER);
    expect(screen.queryByRole('button', { name: 'Review Plan…' })).toBeNull();
    fireEvent.change(screen.getByLabelText('CUDA version of the driver'), {
      target: { value: '11.2' }
    });
    review();
    expect(requests[0]).toMatchObject({ tensorflow: '2.9.*', cuda: '11.2' });
  });

  it('offers prereleases if there is nothing else', () => {
    const releases = CATALOG.releases.filter(item => item.prerelease);
    const requests = show({ catalog: { ...CATALOG, releases } });
    fireEvent.click(screen.getByLabelText('Show prereleases'));
    review();
    expect(requests[0].tensorflow).toBe('2.20.0rc0');
  });

  it('proposes another release if the chosen one is gone', () => {
    const releases = CATALOG.releases.filter(item => item.version !== '2.15.0');
    const choice: IChoice = {
      version: '2.15.0',
      hardware: 'cpu',
      cuda: null,
      python: '3.11',
      source: null,
      keras: null
    };
    const requests = show({
      catalog: { ...CATALOG, releases },
      draft: { ...EMPTY_DRAFT, choice }
    });
    review();
    expect(requests[0].tensorflow).toBe('2.19.*');
  });

  it('names a channel by the end of its URL', () => {
    const pypi = { source: 'pypi' } as const;
    const url = 'file:///srv/channels/lab/';
    const releases = [
      release('2.19.1', [
        variant('cpu', ['3.11']),
        variant('cpu', ['3.11'], pypi)
      ])
    ];
    show({ catalog: { ...CATALOG, releases, channels: [{ name: url, url }] } });
    screen.getByRole('radio', { name: 'lab' });
  });

  it('shows the source, and asks for it only if there are two', () => {
    const pypi = { source: 'pypi' } as const;
    const releases = [
      release('2.21.0', [variant('cpu', ['3.12'], pypi)]),
      release('2.19.1', [
        variant('cpu', ['3.11']),
        variant('cpu', ['3.11', '3.12'], pypi)
      ])
    ];
    const requests = show({ catalog: { ...CATALOG, releases } });
    screen.getByRole('option', { name: '2.21.0 · PyPI' });
    expect(screen.queryByRole('group', { name: 'Source' })).toBeNull();
    fireEvent.change(screen.getByLabelText('TensorFlow'), {
      target: { value: '2.19.1' }
    });
    screen.getByRole('option', { name: '3.12 · PyPI' });
    expect(screen.queryByRole('group', { name: 'Source' })).toBeNull();
    fireEvent.change(screen.getByLabelText('Python'), {
      target: { value: '3.11' }
    });
    const channel = screen.getByRole<HTMLInputElement>('radio', {
      name: 'conda-forge'
    });
    expect(channel.checked).toBe(true);
    review();
    expect(requests[0]).not.toHaveProperty('source');
    fireEvent.click(screen.getByRole('radio', { name: 'PyPI' }));
    review();
    expect(requests[1]).toMatchObject({ source: 'pypi', python: '3.11' });
  });

  it('shows why nothing can be installed', () => {
    const message = 'TensorFlow is no longer built for macOS on conda-forge.';
    show({ catalog: { ...CATALOG, releases: [], message } });
    screen.getByText(message);
    expect(screen.queryByRole('button', { name: 'Review Plan…' })).toBeNull();
  });
});
