import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Channel, Status } from '../../api/generated';
import { formatBytes } from '../../models/texts/units';
import { SelectField } from './choiceFields';
import { Checkbox } from './environmentFields';

/** Where a new environment is created, and from which channels; null for the server's own choice. */
export interface IPlace {
  readonly envsDir: string | null;
  readonly channels: readonly string[] | null;
}

interface IPlaceFieldsProps {
  readonly status: Status;
  /** Channels that the catalog was read from. */
  readonly channels: readonly Channel[];
  readonly name: string;
  readonly place: IPlace;
  /** Whether the catalog of the chosen channels is being loaded. */
  readonly isLoading: boolean;
  readonly trans: TranslationBundle;
  readonly onChange: (place: IPlace) => void;
}

/** The directory and the channels of a new environment. What cannot be chosen is only shown. */
export function PlaceFields(props: IPlaceFieldsProps): JSX.Element {
  const { status, place, trans } = props;
  const envsDir = place.envsDir ?? status.envs_dir;
  const canChoose =
    status.envs_dirs.filter(({ reason }) => reason === null).length > 1;
  return (
    <>
      {canChoose && (
        <SelectField
          label={trans.__('Directory')}
          options={status.envs_dirs.map(({ path, free_bytes, reason }) => ({
            value: path,
            label:
              free_bytes === null
                ? path
                : trans.__('%1 (%2 free)', path, formatBytes(free_bytes)),
            reason
          }))}
          value={envsDir}
          trans={trans}
          onChange={value =>
            props.onChange({
              ...place,
              envsDir: value === status.envs_dir ? null : value
            })
          }
        />
      )}
      {status.allowed_channels.length > 1 && <ChannelsField {...props} />}
      <dl>
        {status.allowed_channels.length <= 1 && <dt>{trans.__('Channels')}</dt>}
        {status.allowed_channels.length <= 1 &&
          props.channels.map(({ url }) => <dd key={url}>{url}</dd>)}
        <dt>{trans.__('Path')}</dt>
        <dd>{`${envsDir}/${props.name}`}</dd>
      </dl>
    </>
  );
}

/** The allowed channels, each with a checkbox. At least one stays. */
function ChannelsField(props: IPlaceFieldsProps): JSX.Element {
  const { status, place, trans } = props;
  const configured = status.channels.map(({ url }) => url);
  const chosen = new Set(place.channels ?? configured);
  const change = (url: string, isChosen: boolean): void => {
    const channels = status.allowed_channels
      .map(channel => channel.url)
      .filter(each => (each === url ? isChosen : chosen.has(each)));
    props.onChange({
      ...place,
      channels:
        [...channels].sort().join() === [...configured].sort().join()
          ? null
          : channels
    });
  };
  return (
    <fieldset className="jp-TfenvField">
      <legend>{trans.__('Channels')}</legend>
      {status.allowed_channels.map(({ name, url }) => (
        <Checkbox
          key={url}
          label={name}
          checked={chosen.has(url)}
          disabled={chosen.size === 1 && chosen.has(url)}
          onChange={isChosen => change(url, isChosen)}
        />
      ))}
      {props.isLoading && (
        <p className="jp-TfenvBusy" role="status">
          {trans.__('Loading channel data…')}
        </p>
      )}
    </fieldset>
  );
}
