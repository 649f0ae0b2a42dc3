import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { STATUS } from '../../../__tests__/fixtures';
import type { Status } from '../../../api/generated';
import type { IPlace } from '../placeFields';
import { PlaceFields } from '../placeFields';

const trans = nullTranslator.load('tfenv_lab');

const SCRATCH = {
  path: '/scratch/envs',
  writable: true,
  reason: null,
  free_bytes: 2e12
};
const OFFLINE = {
  path: '/net/envs',
  writable: false,
  reason: 'The drive does not respond.',
  free_bytes: null
};
const FORGE = { name: 'conda-forge', url: 'https://conda.org/conda-forge' };
const MIRROR = { name: 'mirror', url: 'https://example.org/mirror' };

function show(change: Partial<Status>): { place: IPlace } {
  const shown = { place: { envsDir: null, channels: null } as IPlace };
  const status = { ...STATUS, ...change };
  const Fields = (): JSX.Element => {
    const [place, setPlace] = React.useState(shown.place);
    shown.place = place;
    return (
      <PlaceFields
        status={status}
        channels={status.channels}
        isLoading={false}
        name="tf219"
        place={place}
        trans={trans}
        onChange={setPlace}
      />
    );
  };
  render(<Fields />);
  return shown;
}

describe('PlaceFields', () => {
  it('shows the only directory and the only channel without a choice', () => {
    show({});
    expect(screen.queryByRole('combobox')).toBeNull();
    expect(screen.queryByRole('checkbox')).toBeNull();
    expect(screen.getByText(`${STATUS.envs_dir}/tf219`)).toBeTruthy();
  });

  it('offers the directories of the server, with the reasons of those that cannot be chosen', () => {
    const shown = show({ envs_dirs: [...STATUS.envs_dirs, SCRATCH, OFFLINE] });
    const select = screen.getByLabelText<HTMLSelectElement>('Directory');
    expect(select.value).toBe(STATUS.envs_dir);
    expect(Array.from(select.options, ({ text }) => text).slice(1)).toEqual([
      '/scratch/envs (2 TB free)',
      '/net/envs: The drive does not respond.'
    ]);
    expect(select.options[2].disabled).toBe(true);
    fireEvent.change(select, { target: { value: SCRATCH.path } });
    expect(shown.place.envsDir).toBe(SCRATCH.path);
    expect(screen.getByText('/scratch/envs/tf219')).toBeTruthy();
    // The usual directory is the choice of the server.
    fireEvent.change(select, { target: { value: STATUS.envs_dir } });
    expect(shown.place.envsDir).toBeNull();
  });

  it('offers the allowed channels, and keeps at least one', () => {
    const shown = show({
      channels: [FORGE],
      allowed_channels: [FORGE, MIRROR]
    });
    const box = (name: string): HTMLInputElement =>
      screen.getByRole('checkbox', { name });
    expect([box('conda-forge').checked, box('mirror').checked]).toEqual([
      true,
      false
    ]);
    expect(box('conda-forge').disabled).toBe(true);
    fireEvent.click(box('mirror'));
    expect(shown.place.channels).toEqual([FORGE.url, MIRROR.url]);
    fireEvent.click(box('conda-forge'));
    expect(shown.place.channels).toEqual([MIRROR.url]);
    expect(box('mirror').disabled).toBe(true);
    fireEvent.click(box('conda-forge'));
    fireEvent.click(box('mirror'));
    expect(shown.place.channels).toBeNull();
  });
});
