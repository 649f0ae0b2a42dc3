import React from 'react';

import { CommandIDs } from '../commandids';
import { NewEnvironment } from '../components/form/newEnvironment';
import { AdviceLine } from '../components/list/adviceLine';
import { Failure } from '../components/shared/failure';
import { ScreenHeader } from '../components/shared/screenHeader';
import { ChannelOffer } from './channelOffer';
import type { IScreenProps } from './props';
import { takenNames } from './takenNames';

/** Screen with the new-environment form, once the catalog is loaded. */
export function NewScreen(props: IScreenProps): JSX.Element {
  const { manager, trans, execute } = props;
  const { catalog, navigation, status } = manager;
  const { channels } = navigation.draft;
  // Another function for other channels, so that the field searches again.
  const search = React.useCallback(
    (query: string) => catalog.search(query, channels ?? []),
    [catalog, channels]
  );
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
        <div className="jp-TfenvInset">
          <button
            type="button"
            className="jp-TfenvLink"
            onClick={() => void catalog.refresh()}
          >
            {trans.__('Try Again')}
          </button>
          <ChannelOffer {...props} />
        </div>
      )}
      {catalog.catalog && (
        <NewEnvironment
          catalog={catalog.catalog}
          isLoading={catalog.isLoading}
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
          search={search}
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
