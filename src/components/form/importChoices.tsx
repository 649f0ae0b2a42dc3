import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { RecognizedFile } from '../../api/generated';
import type { IImportChoice } from '../../models/form/importChoice';
import { chosen } from '../../models/form/importChoice';
import { RadioField, SelectField } from './choiceFields';
import { Checkbox, CudaField } from './environmentFields';

/** What the form needs to know of the machine and the channels. */
export interface IImportMachine {
  /** The CUDA version of the driver; null without a driver. */
  readonly cuda: string | null;
  /** CUDA versions that the channels have builds for. */
  readonly cudaVersions: readonly string[];
  /** The conda subdir. */
  readonly platform: string;
}

interface IImportChoicesProps {
  readonly file: RecognizedFile;
  readonly choice: IImportChoice;
  readonly machine: IImportMachine;
  readonly trans: TranslationBundle;
  readonly onChoice: (choice: IImportChoice) => void;
}

/** The choices in a file: parts of a lock, how much of each spec counts, and a CUDA version. */
export function ImportChoices(props: IImportChoicesProps): JSX.Element {
  const { file, choice, machine, trans, onChoice } = props;
  const { environment, categories, builds } = chosen(file, choice);
  const change = (part: IImportChoice): void =>
    onChoice({ ...choice, ...part });
  const toggle = (category: string, isChosen: boolean): void =>
    change({
      categories: file.categories.filter(each =>
        each === category ? isChosen : categories.includes(each)
      )
    });
  return (
    <>
      {file.platforms.length > 1 &&
        file.platforms.includes(machine.platform) && (
          <p className="jp-TfenvField jp-TfenvHint">
            {trans.__(
              'For %1; the file also has %2.',
              machine.platform,
              file.platforms
                .filter(each => each !== machine.platform)
                .join(', ')
            )}
          </p>
        )}
      {file.environments.length > 1 && (
        <SelectField
          label={trans.__('Environment in the file')}
          options={file.environments.map((value, index) => ({
            value,
            label:
              index === 0 && value !== 'default'
                ? trans.__('%1 (default)', value)
                : value,
            reason: null
          }))}
          value={environment ?? ''}
          trans={trans}
          onChange={value => change({ environment: value })}
        />
      )}
      {file.categories.length > 1 && (
        <fieldset className="jp-TfenvField">
          <legend>{trans.__('Categories in the file')}</legend>
          {file.categories.map((category, index) => (
            <Checkbox
              key={category}
              label={
                index === 0 ? trans.__('%1 (default)', category) : category
              }
              checked={categories.includes(category)}
              onChange={isChosen => toggle(category, isChosen)}
            />
          ))}
        </fieldset>
      )}
      {file.builds.length > 1 && (
        <RadioField
          label={trans.__('Keep')}
          options={file.builds.map(value => ({
            value,
            label: buildsLabel(value, trans),
            reason: null
          }))}
          value={builds}
          onChange={value =>
            change({ builds: value as RecognizedFile['builds'][number] })
          }
        />
      )}
      {file.needs_cuda && machine.cuda === null && (
        <CudaField
          versions={machine.cudaVersions}
          found={null}
          fallback={trans.__('From the file, or the newest')}
          cuda={choice.cuda ?? null}
          trans={trans}
          onChange={cuda => change({ cuda: cuda ?? undefined })}
        />
      )}
    </>
  );
}

function buildsLabel(
  builds: RecognizedFile['builds'][number],
  trans: TranslationBundle
): string {
  switch (builds) {
    case 'exact':
      return trans.__('Everything');
    case 'versions':
      return trans.__('Versions');
    case 'names':
      return trans.__('Names');
  }
}
