import type { TranslationBundle } from '@jupyterlab/translation';
import {
  copyIcon,
  ellipsesIcon,
  notebookIcon
} from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import React from 'react';

import type {
  AvailablePackage,
  Environment,
  Job,
  Package,
  PlanRequest,
  Revision
} from '../api/generated';
import { CommandIDs } from '../commandids';
import { variantLabel } from '../models/choices';
import type { Loaded } from '../models/details';
import type { DetailsTab } from '../models/navigation';
import { AdviceLine } from './adviceLine';
import { CheckTab } from './checkTab';
import type { Execute } from './environmentRow';
import { HistoryTab } from './historyTab';
import { IconButton } from './iconButton';
import { JobFailure } from './jobFailure';
import { JobProgress } from './jobProgress';
import { PackagesTab } from './packagesTab';
import { ScreenHeader } from './screenHeader';
import { Tabs } from './tabs';
import { UpdateBadge } from './updateBadge';

export interface IDetailsProps {
  readonly environment: Environment;
  readonly tab: DetailsTab;
  readonly packages: Loaded<readonly Package[]>;
  readonly revisions: Loaded<readonly Revision[]>;
  /** The job at work on it. */
  readonly job: Job | null;
  /** The job that failed last. */
  readonly failure: Job | null;
  /** The newest check that came to an end. */
  readonly check: Job | null;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
  readonly onBack: () => void;
  readonly onTab: (tab: DetailsTab) => void;
  readonly search: (query: string) => Promise<readonly AvailablePackage[]>;
  readonly openMenu: (environment: string, anchor: HTMLElement) => void;
}

/** Everything about one environment. */
export function Details(props: IDetailsProps): JSX.Element {
  const { environment, job, failure, trans, execute } = props;
  const plan = (request: PlanRequest): void =>
    execute(CommandIDs.makePlan, {
      request: request as unknown as ReadonlyPartialJSONObject
    });
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
            label={trans.__('Open a notebook on %1', environment.name)}
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
        <Summary environment={environment} trans={trans} execute={execute} />
        {job && (
          <JobProgress
            job={job}
            trans={trans}
            onCancel={() => execute(CommandIDs.cancelJob, { job: job.id })}
          />
        )}
        {failure && !job && (
          <JobFailure job={failure} trans={trans} execute={execute} />
        )}
        {environment.advice.map(advice => (
          <AdviceLine
            key={advice.code + advice.message}
            advice={advice}
            trans={trans}
            onFix={plan}
          />
        ))}
        <DetailsTabs {...props} plan={plan} />
      </div>
    </>
  );
}

function Summary(props: {
  environment: Environment;
  trans: TranslationBundle;
  execute: Execute;
}): JSX.Element {
  const { environment, trans, execute } = props;
  const { tensorflow, keras, python, kernel } = environment;
  const fromPip = (source: string): string =>
    source === 'pypi' ? ` (${trans.__('pip')})` : '';
  const badge = (name: 'tensorflow' | 'keras'): JSX.Element => (
    <UpdateBadge
      environment={environment}
      package={name}
      trans={trans}
      execute={execute}
    />
  );
  const facts: [string, JSX.Element | null][] = [];
  if (tensorflow) {
    const parts = [
      trans.__('TensorFlow %1', tensorflow.version),
      tensorflow.variant && variantLabel(tensorflow.variant)
    ].filter(Boolean);
    facts.push([
      `${parts.join(' · ')}${fromPip(tensorflow.source)}`,
      badge('tensorflow')
    ]);
  }
  if (keras) {
    const text = trans.__('Keras %1', keras.version);
    facts.push([`${text}${fromPip(keras.source)}`, badge('keras')]);
  }
  if (python) {
    facts.push([trans.__('Python %1', python), null]);
  }
  return (
    <div className="jp-TfenvDetails-summary">
      {facts.map(([fact, badge]) => (
        <p key={fact}>
          {fact} {badge}
        </p>
      ))}
      <p>
        {kernel
          ? trans.__('Kernel: %1', kernel.display_name)
          : trans.__('It is no kernel.')}
      </p>
      {environment.protected_reason && <p>{environment.protected_reason}</p>}
      <p className="jp-TfenvPath">
        <code>{environment.prefix}</code>
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy the path')}
          onClick={() =>
            execute(CommandIDs.copyPrefix, { environment: environment.id })
          }
        />
      </p>
    </div>
  );
}

/** The tabs for which the server has something. */
function DetailsTabs(
  props: IDetailsProps & { plan: (request: PlanRequest) => void }
): JSX.Element {
  const { environment, trans, plan } = props;
  const canChange =
    environment.writable && !environment.protected && props.job === null;
  const tabs = [
    props.packages?.error?.status !== 404 && {
      id: 'packages' as const,
      label: trans.__('Packages'),
      content: (
        <PackagesTab
          packages={props.packages}
          canChange={canChange}
          trans={trans}
          search={props.search}
          onInstall={spec =>
            plan({
              kind: 'install',
              environment: environment.id,
              specs: [spec]
            })
          }
          onRemove={name =>
            plan({
              kind: 'remove',
              environment: environment.id,
              packages: [name]
            })
          }
        />
      )
    },
    props.revisions?.error?.status !== 404 && {
      id: 'history' as const,
      label: trans.__('History'),
      content: (
        <HistoryTab
          revisions={props.revisions}
          canChange={canChange}
          trans={trans}
          onRevert={revision =>
            plan({ kind: 'revert', environment: environment.id, revision })
          }
        />
      )
    },
    {
      id: 'check' as const,
      label: trans.__('Check'),
      content: (
        <CheckTab
          job={props.check}
          modified={environment.modified}
          canCheck={props.job === null}
          trans={trans}
          onCheck={() =>
            props.execute(CommandIDs.checkEnvironment, {
              environment: environment.id
            })
          }
          onFix={plan}
        />
      )
    }
  ].filter(tab => tab !== false);
  return <Tabs tabs={tabs} selected={props.tab} onSelect={props.onTab} />;
}
