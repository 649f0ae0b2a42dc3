import React from 'react';

import { ScreenHeader } from '../components/shared/screenHeader';
import { Space } from '../components/space/space';
import type { IScreenProps } from './props';

/** Screen with what takes the space, and what can be deleted. */
export function SpaceScreen(props: IScreenProps): JSX.Element {
  const { trans } = props;
  const { disk, environments, jobs } = props.manager;
  const known = environments.environments ?? [];
  return (
    <>
      <ScreenHeader
        title={trans.__('Disk Space')}
        trans={trans}
        onBack={props.onBack}
      />
      <Space
        disk={disk.disk}
        failure={disk.error}
        names={new Map(known.map(({ id, name }) => [id, name]))}
        draft={disk.draft}
        job={jobs.cleanJob ?? null}
        trans={trans}
        execute={props.execute}
        onDraft={draft => {
          disk.draft = draft;
        }}
        onPlan={props.onPlan}
      />
    </>
  );
}
