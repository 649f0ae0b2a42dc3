import React from 'react';

import { CommandIDs } from '../commandids';
import { CompatibilityTable } from '../components/compatibility/compatibilityTable';
import { Failure } from '../components/shared/failure';
import { ScreenHeader } from '../components/shared/screenHeader';
import { compatibilityTable } from '../models/form/compatibility';
import { initialChoice, offered, revise } from '../models/form/choices';
import type { IScreenProps } from './props';

/** Screen with the compatibility table, once the catalog is loaded. A click in the table fills the form. */
export function CompatibilityScreen(props: IScreenProps): JSX.Element {
  const { manager, trans, execute } = props;
  const { navigation } = manager;
  const { catalog, error, isLoading } = manager.catalog;
  const { draft } = navigation;
  const shown = catalog && offered(catalog, draft.prereleases);
  const cuda = draft.choice?.cuda ?? null;
  return (
    <>
      <ScreenHeader
        title={trans.__('Compatibility')}
        trans={trans}
        onBack={props.onBack}
      />
      <div className="jp-TfenvBody jp-TfenvCompatibility">
        {shown && (
          <CompatibilityTable
            table={compatibilityTable(shown, cuda)}
            message={shown.message}
            trans={trans}
            onChoose={({ release, source }, python) => {
              const choice = draft.choice ?? initialChoice(shown);
              if (choice) {
                navigation.draft = {
                  ...draft,
                  choice: revise(shown, choice, {
                    version: release.version,
                    hardware: 'auto',
                    python,
                    source
                  })
                };
                execute(CommandIDs.newEnvironment);
              }
            }}
          />
        )}
        {!catalog && isLoading && (
          <p className="jp-TfenvBusy" role="status">
            {trans.__('Loading channel data…')}
          </p>
        )}
        {error && !isLoading && (
          <Failure failure={error} trans={trans}>
            <button
              type="button"
              className="jp-TfenvLink"
              onClick={() => void manager.catalog.refresh()}
            >
              {trans.__('Try Again')}
            </button>
          </Failure>
        )}
      </div>
    </>
  );
}
