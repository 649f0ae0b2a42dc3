import type { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon, notebookIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import React from 'react';

import type {
  Advice,
  Annotations,
  AvailablePackage,
  Environment,
  Job,
  Package,
  PlanRequest,
  Revision,
  Size,
  VariableChanges,
  Variables,
  Why
} from '../../api/generated';
import type { FailedJob } from '../../api/jobs';
import { CommandIDs } from '../../commandids';
import type { IBasket } from '../../models/form/basket';
import { requestFor } from '../../models/form/basket';
import type { ClustersModel } from '../../models/state/clusters';
import type { Loaded } from '../../models/state/details';
import type { DetailsTab } from '../../models/state/navigation';
import { refusalOf } from '../../models/texts/refusal';
import { AdviceLine } from '../list/adviceLine';
import type { Execute } from '../shared/execute';
import { IconButton } from '../shared/iconButton';
import { JobFailure } from '../shared/jobFailure';
import { JobProgress } from '../shared/jobProgress';
import { ScreenHeader } from '../shared/screenHeader';
import { Annotations as AnnotationsField } from './annotations';
import { CheckTab } from './checkTab';
import { ClusterTab } from './clusterTab';
import { DetailsSummary } from './detailsSummary';
import { HistoryTab } from './historyTab';
import { PackagesTab } from './packagesTab';
import { Tabs } from './tabs';
import { VariablesTab } from './variablesTab';

interface IDetailsProps {
  readonly environment: Environment;
  readonly tab: DetailsTab;
  readonly packages: Loaded<readonly Package[]>;
  readonly revisions: Loaded<readonly Revision[]>;
  readonly variables: Loaded<Variables>;
  readonly size: Loaded<Size>;
  readonly clusters: Pick<
    ClustersModel,
    'clusters' | 'chosen' | 'nodes' | 'choose' | 'refresh'
  >;
  /** The newest rollout or check on the chosen cluster, active or not. */
  readonly onCluster: Job | null;
  readonly annotations: Loaded<Annotations>;
  readonly onAnnotations: (annotations: Annotations) => Promise<void>;
  /** The active job. */
  readonly job: Job | null;
  /** The newest job, if it failed. */
  readonly failure: FailedJob | null;
  /** The newest check that has a result. */
  readonly check: Job | null;
  readonly isChecking: boolean;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
  readonly onPlan: (request: PlanRequest) => void;
  readonly onBack: () => void;
  readonly onTab: (tab: DetailsTab) => void;
  readonly onVariables: (changes: VariableChanges) => Promise<void>;
  /** The changes that were collected for one plan. */
  readonly basket: IBasket;
  readonly onBasket: (basket: IBasket) => void;
  /** The newer versions of packages by source and name, as far as they are known. */
  readonly newer: ReadonlyMap<string, string>;
  /** Asks for the newer versions of packages that are shown. */
  readonly onNames: (names: readonly string[]) => void;
  /** Free name for a copy of the environment. */
  readonly copyName: string;
  readonly onNote: (revision: number, note: string | null) => Promise<void>;
  readonly onCompare: (revision: number) => void;
  /** Loads why a package is in the environment. */
  readonly explain: (item: Package) => Promise<Why>;
  readonly search: (query: string) => Promise<readonly AvailablePackage[]>;
  readonly openMenu: (environment: string, anchor: HTMLElement) => void;
}

/** The details of one environment. */
export function Details(props: IDetailsProps): JSX.Element {
  const { environment, job, failure, trans, execute } = props;
  return (
    <>
      <ScreenHeader
        title={environment.name}
        trans={trans}
        onBack={props.onBack}
      >
        {environment.kernel && (
          <IconButton
            icon={notebookIcon}
            label={trans.__('Open a notebook with %1', environment.name)}
            disabled={job !== null}
            onClick={() =>
              execute(CommandIDs.openNotebook, { environment: environment.id })
            }
          />
        )}
        <IconButton
          icon={ellipsesIcon}
          label={trans.__('Actions for %1', environment.name)}
          opensMenu
          onClick={event => props.openMenu(environment.id, event.currentTarget)}
        />
      </ScreenHeader>
      <div className="jp-TfenvBody jp-TfenvDetails">
        <DetailsSummary
          environment={environment}
          isChecking={props.isChecking}
          size={props.size}
          trans={trans}
          execute={execute}
          onPlan={props.onPlan}
        />
        <AnnotationsField
          key={environment.id}
          annotations={props.annotations}
          canChange={refusalOf(environment, trans) === null && job === null}
          trans={trans}
          onChange={props.onAnnotations}
        />
        {unsaid(environment).map(advice => (
          <AdviceLine
            key={advice.code + advice.message}
            advice={advice}
            refusal={refusalOf(environment, trans)}
            trans={trans}
            onFix={props.onPlan}
          />
        ))}
        <DetailsTabs {...props} />
      </div>
      {/* Below the tabs, which would move when a job starts or ends. */}
      {(job ?? failure) && (
        <div className="jp-TfenvActions">
          {job ? (
            <JobProgress
              job={job}
              trans={trans}
              onCancel={() => execute(CommandIDs.cancelJob, { job: job.id })}
            />
          ) : (
            failure && (
              <JobFailure job={failure} trans={trans} execute={execute} />
            )
          )}
        </div>
      )}
    </>
  );
}

/** Return the warnings, without those that a badge says, too: an available update, and a missing kernel. */
function unsaid(environment: Environment): readonly Advice[] {
  const { advice, tensorflow, update } = environment;
  return advice.filter(
    ({ code, plan_request }) =>
      !(code === 'update' && update.tensorflow) &&
      !(code === 'no-kernel' && plan_request && tensorflow)
  );
}

/** The tabs. All are always shown, so that none moves while its data loads; the last one only if there is a cluster. */
function DetailsTabs(props: IDetailsProps): JSX.Element {
  const { environment, trans, onPlan } = props;
  const canChange =
    refusalOf(environment, trans) === null && props.job === null;
  const tabs = [
    {
      id: 'packages' as const,
      label: trans.__('Packages'),
      content: (
        <PackagesTab
          packages={props.packages}
          canChange={canChange}
          trans={trans}
          search={props.search}
          onlyIndex={environment.over !== null}
          explain={props.explain}
          basket={props.basket}
          onBasket={props.onBasket}
          newer={props.newer}
          onNames={props.onNames}
          onUpdate={name =>
            props.execute(CommandIDs.updateEnvironment, {
              environment: environment.id,
              packages: [name]
            })
          }
          onChanges={changes => onPlan(requestFor(changes, environment.id))}
        />
      )
    },
    {
      id: 'history' as const,
      label: trans.__('History'),
      content: (
        <HistoryTab
          revisions={props.revisions}
          canChange={canChange}
          canCopy={props.job === null}
          onNote={props.onNote}
          onCompare={props.onCompare}
          onCopy={revision =>
            onPlan({
              kind: 'revert',
              environment: environment.id,
              revision,
              into: props.copyName
            })
          }
          trans={trans}
          onRevert={revision =>
            onPlan({ kind: 'revert', environment: environment.id, revision })
          }
        />
      )
    },
    {
      id: 'variables' as const,
      label: trans.__('Variables'),
      content: (
        <VariablesTab
          key={environment.id}
          variables={props.variables}
          canChange={canChange}
          trans={trans}
          onChange={props.onVariables}
        />
      )
    },
    {
      id: 'check' as const,
      label: trans.__('Check'),
      content: (
        <CheckTab
          job={props.check}
          isOutdated={environment.check?.outdated ?? false}
          isChecking={props.isChecking}
          canCheck={props.job === null && !props.isChecking}
          canChange={canChange}
          trans={trans}
          onCheck={() =>
            props.execute(CommandIDs.checkEnvironment, {
              environment: environment.id
            })
          }
          onRepair={() =>
            onPlan({ kind: 'repair', environment: environment.id })
          }
          onFix={onPlan}
          onSet={settings =>
            props.execute(CommandIDs.setKernel, {
              environment: environment.id,
              settings: settings as ReadonlyPartialJSONObject
            })
          }
        />
      )
    }
  ];
  const { clusters } = props;
  const cluster = {
    id: 'cluster' as const,
    label: trans.__('Cluster'),
    content: (
      <ClusterTab
        environment={environment.id}
        clusters={clusters.clusters}
        chosen={clusters.chosen}
        nodes={clusters.nodes}
        job={props.onCluster}
        canPlan={props.job === null}
        trans={trans}
        onChoose={id => void clusters.choose(id)}
        onRefresh={() => void clusters.refresh()}
        onPlan={onPlan}
        onCheck={() =>
          props.execute(CommandIDs.checkEnvironment, {
            environment: environment.id,
            cluster: clusters.chosen
          })
        }
      />
    )
  };
  const all = clusters.clusters.length > 0 ? [...tabs, cluster] : tabs;
  return (
    <Tabs<DetailsTab> tabs={all} selected={props.tab} onSelect={props.onTab} />
  );
}
