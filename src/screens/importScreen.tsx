import React from 'react';

import { ImportFile } from '../components/form/importFile';
import { ScreenHeader } from '../components/shared/screenHeader';
import { cudaVersions } from '../models/form/choices';
import type { IScreenProps } from './props';
import { takenNames } from './takenNames';

/** Screen with the import form. */
export function ImportScreen(
  props: IScreenProps & { onFile: (file: File) => void }
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
        recognize={manager.plans.recognize}
        onNeedsCuda={onNeedsCuda}
        onFile={props.onFile}
        onReview={props.onPlan}
      />
    </>
  );
}
