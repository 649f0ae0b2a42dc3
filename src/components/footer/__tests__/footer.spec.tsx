import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, render, screen } from '@testing-library/react';
import React from 'react';

import { STATUS } from '../../../__tests__/fixtures';
import type { Status } from '../../../api/generated';
import { Footer } from '../footer';

const trans = nullTranslator.load('tfenv_lab');

const NO_GPU = { detected: false, cuda: null, driver: null, devices: [] };

function show(gpu: Status['gpu'], change: Partial<Status> = {}): void {
  render(
    <Footer
      status={{ ...STATUS, gpu, ...change }}
      freeBytes={41e9}
      channelJob={null}
      trans={trans}
      execute={() => undefined}
    />
  );
}

describe('Footer', () => {
  it('shows channels, hardware and free space in one line', () => {
    show(NO_GPU);
    screen.getByText('conda-forge · CPU only · 41 GB free');
  });

  it('offers a local channel only next to remote channels', () => {
    show(NO_GPU);
    screen.getByText('Build Local Channel…');
    cleanup();
    const channels = [{ name: 'file:///c', url: 'file:///c' }];
    show(NO_GPU, { channels });
    screen.getByText('Local channel · CPU only · 41 GB free');
    expect(screen.queryByText('Build Local Channel…')).toBeNull();
  });

  it('shows the limits of the user if there are any', () => {
    show(NO_GPU);
    expect(screen.queryByText('Limits')).toBeNull();
    cleanup();
    const limits = { ...STATUS.limits, max_environments: 3, max_bytes: 20e9 };
    show(NO_GPU, { limits });
    screen.getByText('Limits');
    screen.getByText('At most 3 environments');
    screen.getByText('At most 20 GB for environments, caches and trash');
    cleanup();
    show(NO_GPU, { limits: { ...STATUS.limits, max_environments: 1 } });
    screen.getByText('At most 1 environment');
    expect(screen.queryByText(/caches and trash/)).toBeNull();
  });

  it('shows warnings about the configuration without a click', () => {
    const messages = [
      'TfenvLab.max_running_jobs must be a whole number of at least 1, not 0. 2 is used instead.',
      'TfenvLab.colour is not a setting.'
    ];
    show(NO_GPU, { warnings: messages.map(message => ({ message })) });
    const shown = screen.getAllByRole('status');
    expect(shown.map(item => item.textContent)).toEqual(messages);
    expect(shown.some(item => item.closest('details'))).toBe(false);
  });

  it('shows no warnings if there are none', () => {
    show(NO_GPU);
    expect(screen.queryByRole('status')).toBeNull();
  });

  it('shows the CUDA version and the driver of a GPU', () => {
    const gpu = { name: 'A100', memory_bytes: 80e9, used_bytes: 5e9, use: 35 };
    const part = { ...gpu, name: 'MIG', used_bytes: null, use: null };
    const devices = [gpu, part];
    show({ detected: true, cuda: '12.8', driver: '570.86.10', devices });
    screen.getByText('A100: 5 / 80 GB used, 35 % busy');
    screen.getByText('MIG: 80 GB');
    screen.getByText('conda-forge · GPU: CUDA 12.8 · 41 GB free');
    screen.getByText('NVIDIA driver 570.86.10');
  });

  it('shows that the driver version is unknown', () => {
    show({ detected: true, cuda: '12.8', driver: null, devices: [] });
    screen.getByText('NVIDIA driver, unknown version');
  });

  it('does not show an assumed CUDA version as a GPU', () => {
    show({ detected: false, cuda: '12.6', driver: null, devices: [] });
    screen.getByText('conda-forge · No GPU, CUDA 12.6 assumed · 41 GB free');
    expect(screen.queryByText(/NVIDIA driver/)).toBeNull();
  });
});
