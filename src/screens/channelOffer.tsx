import React from 'react';

import { LocalChannelOffer } from '../components/footer/localChannel';
import type { IScreenProps } from './props';

/** Offer of a local channel, for when the channels cannot be reached. */
export function ChannelOffer(props: IScreenProps): JSX.Element | null {
  const { jobs, status } = props.manager;
  return (
    status.status && (
      <LocalChannelOffer
        localChannel={status.status.local_channel}
        job={jobs.channelJob ?? null}
        trans={props.trans}
        execute={props.execute}
      />
    )
  );
}
