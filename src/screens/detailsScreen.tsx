import React from 'react';

import { Details } from '../components/details/details';
import { ScreenHeader } from '../components/shared/screenHeader';
import { freeName } from '../models/form/naming';
import type { Screen } from '../models/state/navigation';
import type { IScreenProps } from './props';

/** Screen with everything about one environment. */
export function DetailsScreen(
  props: IScreenProps & {
    screen: Screen & { name: 'details' };
    openMenu: (environment: string, anchor: HTMLElement) => void;
  }
): JSX.Element {
  const { screen, trans } = props;
  const { catalog, clusters, details, environments, jobs, navigation } =
    props.manager;
  const environment = environments.get(screen.environment);
  if (!environment) {
    return (
      <>
        <ScreenHeader
          title={trans.__('Environment')}
          trans={trans}
          onBack={props.onBack}
        />
        <p className="jp-TfenvEmpty" role="status">
          {environments.environments
            ? trans.__('This environment no longer exists.')
            : trans.__('Loading…')}
        </p>
      </>
    );
  }
  return (
    <Details
      environment={environment}
      tab={screen.tab}
      packages={details.packages}
      revisions={details.revisions}
      variables={details.variables}
      size={details.size}
      clusters={clusters}
      onCluster={jobs.onCluster(environment.prefix, clusters.chosen) ?? null}
      annotations={details.annotations}
      onAnnotations={wanted =>
        details.changeAnnotations(environment.id, wanted)
      }
      job={jobs.activeOn(environment.prefix) ?? null}
      failure={jobs.failureOn(environment.prefix) ?? null}
      check={jobs.checkOf(environment.prefix) ?? null}
      isChecking={jobs.isChecking(environment.prefix)}
      trans={trans}
      execute={props.execute}
      onPlan={props.onPlan}
      onBack={props.onBack}
      onTab={tab => navigation.open({ ...screen, tab })}
      onVariables={changes =>
        details
          .changeVariables(environment.id, changes)
          // The last check did not have the new variables.
          .then(() => environments.refresh())
      }
      basket={details.basket}
      onBasket={basket => {
        details.basket = basket;
      }}
      newer={details.newer}
      onNames={names => void details.askNewer(names)}
      copyName={freeName(`${environment.name}-copy`, environments.names)}
      onNote={(revision, note) =>
        details.annotate(environment.id, revision, note)
      }
      onCompare={revision =>
        navigation.open({
          name: 'compare',
          left: { environment: environment.id, revision },
          right: { environment: environment.id, revision: null }
        })
      }
      explain={({ name, source }) =>
        environments.client.why(environment.id, name, source)
      }
      search={catalog.search}
      openMenu={props.openMenu}
    />
  );
}
