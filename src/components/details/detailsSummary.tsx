import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type {
  Environment,
  PlanRequest,
  Size,
  Source
} from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { PYPI } from '../../models/form/choiceOptions';
import { variantLabel } from '../../models/form/choices';
import { kerasGeneration } from '../../models/notebook/keras';
import type { Loaded } from '../../models/state/details';
import { checkState, describeCheck } from '../../models/texts/checks';
import { refusalOf } from '../../models/texts/refusal';
import { describeShared } from '../../models/texts/sharing';
import { formatBytes } from '../../models/texts/units';
import { CheckBadge } from '../list/checkBadge';
import { KernelBadge } from '../list/kernelBadge';
import { UpdateBadge } from '../list/updateBadge';
import type { Execute } from '../shared/execute';
import { IconButton } from '../shared/iconButton';

/** An environment in a few lines: check, versions, kernel, path and size. */
export function DetailsSummary(props: {
  environment: Environment;
  isChecking: boolean;
  size: Loaded<Size>;
  trans: TranslationBundle;
  execute: Execute;
  onPlan: (request: PlanRequest) => void;
}): JSX.Element {
  const { environment, trans, execute } = props;
  const size = props.size?.value ?? null;
  const isMeasured = props.size !== null;
  const { tensorflow, keras, python, kernel } = environment;
  const from = (source: Source): string =>
    source === 'pypi' ? ` · ${PYPI}` : '';
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
      `${parts.join(' · ')}${from(tensorflow.source)}`,
      badge('tensorflow')
    ]);
  }
  if (keras) {
    const text = trans.__('Keras %1', keras.version);
    facts.push([`${text}${from(keras.source)}`, badge('keras')]);
  }
  const refusal = refusalOf(environment, trans);
  const generation = kerasGeneration(environment);
  if (generation !== null) {
    const isTwo = generation === 2;
    const command = isTwo ? CommandIDs.useKeras3 : CommandIDs.useKeras2;
    const { version } = environment.legacy_keras;
    facts.push([
      !isTwo
        ? trans.__('tf.keras is Keras 3')
        : version
          ? trans.__('tf.keras is Keras 2 (tf-keras %1)', version)
          : trans.__('tf.keras is set to Keras 2, but tf-keras is missing'),
      <button
        type="button"
        className="jp-TfenvLink"
        disabled={refusal !== null}
        title={refusal ?? undefined}
        onClick={() => execute(command, { environment: environment.id })}
      >
        {isTwo ? trans.__('Use Keras 3') : trans.__('Use Keras 2…')}
      </button>
    ]);
  }
  if (python) {
    facts.push([trans.__('Python %1', python), null]);
  }
  const checked = checkState(environment, props.isChecking);
  return (
    <div className="jp-TfenvDetails-summary">
      {checked && (
        <p>
          <CheckBadge
            environment={environment}
            state={checked}
            trans={trans}
            execute={execute}
          />{' '}
          {describeCheck(environment, checked, trans)}
        </p>
      )}
      {facts.map(([fact, badge]) => (
        <p key={fact}>
          {fact} {badge}
        </p>
      ))}
      <p>
        {kernel
          ? trans.__('Kernel: %1', kernel.display_name)
          : environment.hidden
            ? trans.__('Hidden from the launcher')
            : trans.__('No kernel')}{' '}
        <KernelBadge
          environment={environment}
          trans={trans}
          execute={execute}
          onPlan={props.onPlan}
        />
      </p>
      {environment.over && (
        <p title={environment.over.prefix}>
          {trans.__('Over %1, with its packages', environment.over.name)}
        </p>
      )}
      {environment.shared && <p>{describeShared(environment.shared, trans)}</p>}
      {environment.protected_reason && <p>{environment.protected_reason}</p>}
      <p className="jp-TfenvPath">
        <code>{environment.prefix}</code>
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy path')}
          onClick={() =>
            execute(CommandIDs.copyPrefix, { environment: environment.id })
          }
        />
      </p>
      {environment.digest && (
        <p
          className="jp-TfenvPath"
          title={trans.__(
            'Environments with the same digest have the same packages'
          )}
        >
          <span>{trans.__('Digest:')}</span>
          <code>{environment.digest}</code>
        </p>
      )}
      {/* The line is there from the start, so that the tabs below do not move. */}
      <p>
        {size
          ? trans.__('%1 on disk', formatBytes(size.bytes))
          : isMeasured
            ? trans.__('The size is not known.')
            : trans.__('Measuring the size…')}
        {size &&
          size.shared > 0 &&
          ` (${trans.__('%1 shared', formatBytes(size.shared))})`}
      </p>
    </div>
  );
}
