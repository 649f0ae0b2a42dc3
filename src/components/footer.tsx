import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Status } from '../api/generated';
import { formatBytes } from '../models/units';

export interface IFooterProps {
  readonly status: Status;
  readonly freeBytes: number | null;
  readonly trans: TranslationBundle;
}

/** Channels, hardware and space in one line; a click tells more. */
export function Footer(props: IFooterProps): JSX.Element {
  const { status, freeBytes, trans } = props;
  const hardware = status.gpu.detected
    ? status.gpu.cuda
      ? trans.__('GPU: CUDA %1', status.gpu.cuda)
      : trans.__('GPU')
    : trans.__('CPU only');
  const parts = [
    status.channels.map(channelName).join(', '),
    hardware,
    freeBytes !== null && trans.__('%1 free', formatBytes(freeBytes))
  ].filter(Boolean);
  return (
    <div className="jp-TfenvFooter">
      <details>
        <summary>{parts.join(' · ')}</summary>
        <dl>
          <dt>{trans.__('Channels')}</dt>
          {status.channels.map(channel => (
            <dd key={channel.url}>{channel.url}</dd>
          ))}
          <dt>{trans.__('New environments go to')}</dt>
          <dd>{status.envs_dir}</dd>
          <dt>{trans.__('Machine')}</dt>
          <dd>{status.platform}</dd>
          {status.virtual_packages.map(item => (
            <dd key={item.name}>{`${item.name} ${item.version}`}</dd>
          ))}
          <dt>{trans.__('tfenv_lab')}</dt>
          <dd>{status.version}</dd>
        </dl>
      </details>
    </div>
  );
}

/** A channel without a short name, such as a folder, goes by the last part of its URL. */
function channelName(channel: Status['channels'][number]): string {
  return channel.name.split('/').filter(Boolean).pop() ?? channel.name;
}
