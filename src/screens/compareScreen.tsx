import React from 'react';

import { Compare } from '../components/compare/compare';
import { ScreenHeader } from '../components/shared/screenHeader';
import type { Screen } from '../models/state/navigation';
import type { IScreenProps } from './props';

/** Screen that compares two environments, or two revisions of them. */
export function CompareScreen(
  props: IScreenProps & { screen: Screen & { name: 'compare' } }
): JSX.Element {
  const { screen, trans } = props;
  const { environments, navigation } = props.manager;
  const { client } = environments;
  return (
    <>
      <ScreenHeader
        title={trans.__('Compare')}
        trans={trans}
        onBack={props.onBack}
      />
      <Compare
        left={screen.left}
        right={screen.right}
        environments={environments.environments ?? []}
        trans={trans}
        compare={(left, right) =>
          client.compare(
            left.environment,
            left.revision,
            right.environment,
            right.revision
          )
        }
        revisions={id => client.revisions(id)}
        onChange={(left, right) =>
          navigation.open({ name: 'compare', left, right })
        }
      />
    </>
  );
}
