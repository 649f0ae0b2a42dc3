import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type {
  AvailablePackage,
  Catalog,
  CreateRequest,
  Source,
  Status
} from '../../api/generated';
import { warningIcon } from '../../icons';
import {
  hardwareOptions,
  kerasOptions,
  pythonOptions,
  releaseOptions,
  sourceOptions
} from '../../models/form/choiceOptions';
import type { Hardware, IChoice } from '../../models/form/choices';
import {
  createRequest,
  cudaVersions,
  initialChoice,
  missingCuda,
  offered,
  releaseOf,
  revise
} from '../../models/form/choices';
import { nameProblem, proposeName } from '../../models/form/naming';
import type { IDraft } from '../../models/state/navigation';
import { shortChannel } from '../../models/texts/channels';
import { RadioField, SelectField } from './choiceFields';
import {
  AssumedDriver,
  Checkbox,
  CudaField,
  NameField
} from './environmentFields';
import { PackagesField } from './packagesField';
import { PlaceFields } from './placeFields';

interface INewEnvironmentProps {
  readonly catalog: Catalog;
  readonly status: Status | null;
  /** Whether the catalog is being loaded again. */
  readonly isLoading: boolean;
  readonly draft: IDraft;
  readonly defaultPackages: readonly string[];
  /** Names of existing environments. */
  readonly names: ReadonlySet<string>;
  readonly trans: TranslationBundle;
  readonly onDraft: (draft: IDraft) => void;
  readonly onReview: (request: CreateRequest) => void;
  readonly onImport: () => void;
  readonly onCompatibility: () => void;
  readonly search: (query: string) => Promise<readonly AvailablePackage[]>;
}

/** The new-environment form. Fields that the user has not edited show a proposal. */
export function NewEnvironment(props: INewEnvironmentProps): JSX.Element {
  const { draft, trans, onDraft } = props;
  const catalog = offered(props.catalog, draft.prereleases);
  // The catalog may have changed since the choice was made.
  const choice = draft.choice
    ? revise(catalog, draft.choice, {})
    : initialChoice(catalog);
  const release = choice && releaseOf(catalog, choice.version);
  if (!choice || !release) {
    return <NothingToInstall {...props} />;
  }
  const name = draft.name ?? proposeName(choice.version, props.names);
  const packages = draft.packages ?? props.defaultPackages;
  const problem = nameProblem(
    name,
    props.names,
    props.status?.limits ?? null,
    trans
  );
  const sources = sourceOptions(
    release,
    choice,
    catalog.channels.length === 1
      ? shortChannel(catalog.channels[0].name)
      : trans.__('Channels')
  );
  const keras = kerasOptions(release, choice, trans);
  const change = (part: Partial<IChoice>): void =>
    onDraft({ ...draft, choice: revise(catalog, choice, part) });

  return (
    <form
      className="jp-TfenvBody jp-TfenvForm"
      onSubmit={event => {
        event.preventDefault();
        if (problem === null) {
          props.onReview({
            ...createRequest(catalog, choice, { name, packages }),
            ...(draft.envsDir && { envs_dir: draft.envsDir }),
            ...(draft.channels && { channels: draft.channels })
          });
        }
      }}
    >
      <Age seconds={catalog.age_seconds} trans={trans} />
      <SelectField
        label={trans.__('TensorFlow')}
        options={releaseOptions(catalog, choice.cuda, trans)}
        value={choice.version}
        trans={trans}
        onChange={version => change({ version })}
      />
      <button
        type="button"
        className="jp-TfenvLink"
        onClick={props.onCompatibility}
      >
        {trans.__('Show Compatibility')}
      </button>
      {keras.length > 0 && (
        <SelectField
          label={trans.__('Keras')}
          options={keras}
          value={choice.keras ?? ''}
          trans={trans}
          onChange={value => change({ keras: value || null })}
        />
      )}
      <RadioField
        label={trans.__('Hardware')}
        options={hardwareOptions(release, choice, trans)}
        value={choice.hardware}
        onChange={value => change({ hardware: value as Hardware })}
      />
      <AssumedDriver
        missing={missingCuda(release)}
        cuda={choice.cuda}
        trans={trans}
        onChange={cuda => change({ cuda, hardware: cuda ? 'cuda' : 'auto' })}
      />
      <SelectField
        label={trans.__('Python')}
        options={pythonOptions(catalog, choice, trans)}
        value={choice.python}
        trans={trans}
        onChange={python => change({ python })}
      />
      {sources.length > 1 && (
        <RadioField
          label={trans.__('Source')}
          options={sources}
          value={choice.source ?? sources[0].value}
          onChange={value => change({ source: value as Source })}
        />
      )}
      <NameField
        name={name}
        problem={problem}
        trans={trans}
        onChange={value => onDraft({ ...draft, name: value })}
      />
      <div className="jp-TfenvField">
        <span>{trans.__('Packages')}</span>
        <PackagesField
          packages={packages}
          trans={trans}
          search={props.search}
          onChange={value => onDraft({ ...draft, packages: value })}
        />
      </div>
      <details
        className="jp-TfenvMore"
        open={draft.envsDir !== null || draft.channels !== null}
      >
        <summary>{trans.__('More')}</summary>
        <Prereleases {...props} />
        <CudaField
          versions={cudaVersions([release])}
          found={props.status?.gpu.cuda ?? null}
          cuda={choice.cuda}
          trans={trans}
          onChange={cuda => change({ cuda })}
        />
        {props.status && (
          <PlaceFields
            status={props.status}
            channels={catalog.channels}
            name={name}
            place={draft}
            isLoading={props.isLoading}
            trans={trans}
            onChange={place => onDraft({ ...draft, ...place })}
          />
        )}
      </details>
      <div className="jp-TfenvButtons">
        <button type="button" className="jp-TfenvLink" onClick={props.onImport}>
          {trans.__('Import from File…')}
        </button>
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          disabled={problem !== null}
        >
          {trans.__('Review Plan…')}
        </button>
      </div>
    </form>
  );
}

/** A warning that a channel did not respond, with the age of the channel data in use. */
function Age(props: {
  seconds: number | null;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { seconds, trans } = props;
  return seconds === null ? null : (
    <p className="jp-TfenvAdvice" data-severity="warning" role="status">
      <warningIcon.react tag="span" elementSize="small" />
      <span>
        {trans.__(
          'A channel did not respond. Its channel data was loaded %1.',
          Time.formatHuman(new Date(Date.now() - seconds * 1000))
        )}
      </span>
    </p>
  );
}

function Prereleases(props: INewEnvironmentProps): JSX.Element | null {
  const { catalog, draft } = props;
  return catalog.releases.some(item => item.prerelease) ? (
    <Checkbox
      label={props.trans.__('Show prereleases')}
      checked={draft.prereleases}
      onChange={prereleases => props.onDraft({ ...draft, prereleases })}
    />
  ) : null;
}

/** Why no release can be installed, and the fields that may change that. */
function NothingToInstall(props: INewEnvironmentProps): JSX.Element {
  const { draft, trans } = props;
  const catalog = offered(props.catalog, draft.prereleases);
  const reasons = new Set(
    catalog.releases[0]?.variants
      .map(variant => variant.reason)
      .filter(reason => reason !== null)
  );
  return (
    <div className="jp-TfenvEmpty" role="status">
      <p>
        {catalog.message ??
          trans.__(
            'The channels have no TensorFlow that can be installed on %1.',
            catalog.subdir
          )}
      </p>
      {[...reasons].map(reason => (
        <p key={reason} className="jp-TfenvHint">
          {reason}
        </p>
      ))}
      {draft.channels && (
        <button
          type="button"
          className="jp-TfenvLink"
          onClick={() => props.onDraft({ ...draft, channels: null })}
        >
          {trans.__('Use the Configured Channels')}
        </button>
      )}
      <Prereleases {...props} />
      <CudaField
        versions={cudaVersions(catalog.releases)}
        found={props.status?.gpu.cuda ?? null}
        cuda={null}
        trans={trans}
        onChange={cuda =>
          props.onDraft({ ...draft, choice: initialChoice(catalog, cuda) })
        }
      />
    </div>
  );
}
