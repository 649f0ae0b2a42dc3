import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { AvailablePackage, PlanRequest } from '../api/generated';
import { CommandIDs } from '../commandids';
import { cudaVersions } from '../models/form/choices';
import type { ITfenvManager } from '../tokens';
import { LocalChannelOffer } from './footer/localChannel';
import { ImportFile } from './form/importFile';
import { NewEnvironment } from './form/newEnvironment';
import { AdviceLine } from './list/adviceLine';
import type { Execute } from './shared/execute';
import { Failure } from './shared/failure';
import { ScreenHeader } from './shared/screenHeader';

/** Props of the screens that create an environment. */
export interface ICreationProps {
  readonly manager: ITfenvManager;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
  readonly onPlan: (request: PlanRequest) => void;
  readonly onBack: () => void;
}

/** Screen with the new-environment form, once the catalog is loaded. */
export function NewScreen(
  props: ICreationProps & {
    search: (query: string) => Promise<readonly AvailablePackage[]>;
  }
): JSX.Element {
  const { manager, trans, execute } = props;
  const { catalog, navigation, status } = manager;
  const unreachable = catalog.catalog?.warnings.some(
    warning => warning.code === 'channel-unreachable'
  );
  return (
    <>
      <ScreenHeader
        title={trans.__('New Environment')}
        trans={trans}
        onBack={props.onBack}
      />
      {catalog.catalog?.warnings.map(warning => (
        <AdviceLine
          key={warning.code}
          advice={warning}
          trans={trans}
          onFix={props.onPlan}
        />
      ))}
      {unreachable && !catalog.error && !catalog.isLoading && (
        <>
          <button
            type="button"
            className="jp-TfenvLink"
            onClick={() => void catalog.refresh()}
          >
            {trans.__('Try Again')}
          </button>
          <ChannelOffer {...props} />
        </>
      )}
      {catalog.catalog && (
        <NewEnvironment
          catalog={catalog.catalog}
          status={status.status}
          draft={navigation.draft}
          defaultPackages={navigation.defaultPackages}
          names={takenNames(manager)}
          trans={trans}
          onDraft={draft => {
            navigation.draft = draft;
          }}
          onReview={props.onPlan}
          onImport={() => execute(CommandIDs.importEnvironment)}
          onCompatibility={() => execute(CommandIDs.showCompatibility)}
          search={props.search}
        />
      )}
      {!catalog.catalog && catalog.isLoading && (
        <p className="jp-TfenvBusy" role="status">
          {trans.__('Loading channel data…')}
        </p>
      )}
      {catalog.error && !catalog.isLoading && (
        <Failure failure={catalog.error} trans={trans}>
          <button
            type="button"
            className="jp-TfenvLink"
            onClick={() => void catalog.refresh()}
          >
            {trans.__('Try Again')}
          </button>
          {catalog.error.reason === 'channel-unreachable' && (
            <ChannelOffer {...props} />
          )}
        </Failure>
      )}
    </>
  );
}

/** Offer of a local channel, for when the channels cannot be reached. */
export function ChannelOffer(props: ICreationProps): JSX.Element | null {
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

/** Screen with the import form. */
export function ImportScreen(
  props: ICreationProps & {
    recognize: ITfenvManager['plans']['recognize'];
    onFile: (file: File) => void;
  }
): JSX.Element {
  const { manager, trans } = props;
  const { catalog, navigation } = manager;
  const status = manager.status.status;
  const onNeedsCuda = React.useCallback(() => void catalog.load(), [catalog]);
  return (
    <>
      <ScreenHeader
        title={trans.__('Import Environment')}
        trans={trans}
        onBack={props.onBack}
      />
      <ImportFile
        draft={navigation.importDraft}
        names={takenNames(manager)}
        limits={status?.limits ?? null}
        machine={{
          cuda: status?.gpu.cuda ?? null,
          cudaVersions: cudaVersions(catalog.catalog?.releases ?? []),
          platform: status?.platform ?? ''
        }}
        trans={trans}
        onDraft={draft => {
          navigation.importDraft = draft;
        }}
        recognize={props.recognize}
        onNeedsCuda={onNeedsCuda}
        onFile={props.onFile}
        onReview={props.onPlan}
      />
    </>
  );
}

/** List the names of all environments, and of those that jobs create. */
function takenNames(manager: ITfenvManager): ReadonlySet<string> {
  const { environments, jobs } = manager;
  return new Set([
    ...environments.names,
    ...jobs.jobs.filter(job => jobs.activeOn(job.prefix)).map(job => job.name)
  ]);
}
