import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Job, Status } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { warningIcon } from '../../icons';
import { describeGpu, formatBytes } from '../../models/texts/units';
import type { Execute } from '../shared/execute';
import {
  LeaveLocalChannel,
  LocalChannelJob,
  LocalChannelOffer
} from './localChannel';

interface IFooterProps {
  readonly status: Status;
  readonly freeBytes: number | null;
  /** The job that builds a local channel, or failed to. */
  readonly channelJob: Job | null;
  readonly execute: Execute;
  readonly trans: TranslationBundle;
}

/** Channels, hardware and free disk space in one line, which expands. */
export function Footer(props: IFooterProps): JSX.Element {
  const { status, freeBytes, trans } = props;
  const { cuda, detected, driver } = status.gpu;
  const { max_environments: maxEnvironments, max_bytes: maxBytes } =
    status.limits;
  const hardware = detected
    ? cuda
      ? trans.__('GPU: CUDA %1', cuda)
      : trans.__('GPU')
    : cuda
      ? trans.__('No GPU, CUDA %1 assumed', cuda)
      : trans.__('CPU only');
  const parts = [
    [...new Set(status.channels.map(item => channelName(item, trans)))].join(
      ', '
    ),
    hardware,
    freeBytes !== null && trans.__('%1 free', formatBytes(freeBytes))
  ].filter(Boolean);
  const local = {
    localChannel: status.local_channel,
    job: props.channelJob,
    trans,
    execute: props.execute
  };
  return (
    <div className="jp-TfenvFooter">
      <LocalChannelJob {...local} />
      {status.warnings.map(({ message }) => (
        <p
          key={message}
          className="jp-TfenvAdvice"
          data-severity="warning"
          role="status"
        >
          <warningIcon.react tag="span" elementSize="small" />
          <span>{message}</span>
        </p>
      ))}
      <details>
        <summary>{parts.join(' · ')}</summary>
        <dl>
          <dt>{trans.__('Channels')}</dt>
          {status.channels.map(channel => (
            <dd key={channel.url}>{channel.url}</dd>
          ))}
          {local.localChannel.active && (
            <dd>
              <LeaveLocalChannel {...local} />
            </dd>
          )}
          {local.localChannel.available && !status.channels.some(isLocal) && (
            <dd>
              <LocalChannelOffer {...local} />
            </dd>
          )}
          <dt>{trans.__('Directory for new environments')}</dt>
          <dd>{status.envs_dir}</dd>
          <dd>
            <button
              type="button"
              className="jp-TfenvLink"
              onClick={() => props.execute(CommandIDs.showSpace)}
            >
              {trans.__('Show Disk Space')}
            </button>
          </dd>
          {(maxEnvironments !== null || maxBytes !== null) && (
            <dt>{trans.__('Limits')}</dt>
          )}
          {maxEnvironments !== null && (
            <dd>
              {trans._n(
                'At most %1 environment',
                'At most %1 environments',
                maxEnvironments
              )}
            </dd>
          )}
          {maxBytes !== null && (
            <dd>
              {trans.__(
                'At most %1 for environments, caches and trash',
                formatBytes(maxBytes)
              )}
            </dd>
          )}
          <dt>{trans.__('Machine')}</dt>
          <dd>{status.platform}</dd>
          {detected && (
            <dd>
              {driver
                ? trans.__('NVIDIA driver %1', driver)
                : trans.__('NVIDIA driver, unknown version')}
            </dd>
          )}
          {status.gpu.devices.map((gpu, index) => (
            <dd key={index}>{describeGpu(gpu, trans)}</dd>
          ))}
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

type Channel = Status['channels'][number];

function isLocal(channel: Channel): boolean {
  return channel.url.startsWith('file:');
}

/** Return the short name of a channel. A channel in a directory has none. */
function channelName(channel: Channel, trans: TranslationBundle): string {
  return isLocal(channel) ? trans.__('Local channel') : channel.name;
}
