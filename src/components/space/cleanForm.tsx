import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import type { Cleanable, Disk, PlanRequest } from '../../api/generated';
import type { ICleanDraft } from '../../models/state/disk';
import { cleanableBytes } from '../../models/state/disk';
import { cleanableLabel, formatBytes } from '../../models/texts/units';

/** The choices in their order on the screen. */
const CHOICES: readonly Cleanable[] = ['cache', 'uv', 'trash', 'revisions'];

/** Ages of revisions to choose from, in days. */
const AGES = [30, 90, 365] as const;

interface ICleanFormProps {
  readonly disk: Disk;
  readonly draft: ICleanDraft;
  readonly trans: TranslationBundle;
  readonly onDraft: (draft: ICleanDraft) => void;
  readonly onPlan: (request: PlanRequest) => void;
}

/** The form that frees space: a check box for each choice, with its bytes. Its button opens the review. */
export function CleanForm(props: ICleanFormProps): JSX.Element {
  const { draft, trans, onDraft } = props;
  const bytes = cleanableBytes(props.disk);
  // What frees nothing cannot be chosen.
  const what = CHOICES.filter(each => draft.what.has(each) && bytes[each] > 0);
  const toggle = (choice: Cleanable, isOn: boolean): void => {
    const others = CHOICES.filter(
      each => each !== choice && draft.what.has(each)
    );
    onDraft({ ...draft, what: new Set(isOn ? [...others, choice] : others) });
  };
  const plan = (event: React.FormEvent): void => {
    event.preventDefault();
    props.onPlan({
      kind: 'clean',
      what,
      older_than_days: what.includes('revisions') ? draft.olderThanDays : null
    });
  };
  return (
    <form onSubmit={plan}>
      <fieldset className="jp-TfenvField">
        <legend>{trans.__('Free up space')}</legend>
        {CHOICES.map(choice => (
          <label key={choice} className="jp-TfenvCheckbox">
            <input
              type="checkbox"
              checked={what.includes(choice)}
              disabled={bytes[choice] === 0}
              onChange={event => toggle(choice, event.target.checked)}
            />
            <span>
              {trans.__(
                '%1 (%2)',
                cleanableLabel(choice, trans),
                formatBytes(bytes[choice])
              )}
            </span>
          </label>
        ))}
      </fieldset>
      {what.includes('revisions') && (
        <label className="jp-TfenvField">
          <span>{trans.__('Age of the revisions')}</span>
          <HTMLSelect
            value={String(draft.olderThanDays ?? '')}
            onChange={event =>
              onDraft({
                ...draft,
                olderThanDays: event.target.value
                  ? Number(event.target.value)
                  : null
              })
            }
          >
            <option value="">{trans.__('Any')}</option>
            {AGES.map(days => (
              <option key={days} value={days}>
                {trans.__('Older than %1 days', days)}
              </option>
            ))}
          </HTMLSelect>
        </label>
      )}
      <div className="jp-TfenvButtons">
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          disabled={what.length === 0}
        >
          {trans.__('Review Plan…')}
        </button>
      </div>
    </form>
  );
}
