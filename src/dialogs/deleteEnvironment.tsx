import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment, RunningKernel, Size } from '../api/generated';
import { formatBytes } from '../models/texts/units';
import { KernelNames, shutDownOption } from './shutDownKernels';

/** What the user answered; null cancels. */
export type DeleteAnswer = { shutDown: boolean; atOnce: boolean } | null;

interface IDeletion {
  readonly environments: readonly Environment[];
  readonly kernels: readonly RunningKernel[];
  /** Resolves with null if a size is not known. */
  readonly size: Promise<Size | null>;
  /** For how long the deletion can be undone; 0: not at all. */
  readonly minutes: number;
}

/** Ask whether to delete environments, and list what is deleted, what uses it, and how much that frees. */
export async function confirmDelete(
  { environments, kernels, size, minutes }: IDeletion,
  trans: TranslationBundle
): Promise<DeleteAnswer> {
  const [{ name }] = environments;
  const shown = environments
    .map(({ kernel }) => kernel?.display_name)
    .filter((text): text is string => text !== undefined);
  const atOnce = Dialog.warnButton({ label: trans.__('Delete at Once') });
  const answer = await showDialog({
    title:
      environments.length === 1
        ? trans.__('Delete %1?', name)
        : trans.__('Delete %1 environments?', environments.length),
    body: (
      <div className="jp-TfenvDialog">
        <p>
          {minutes > 0
            ? trans._n(
                'This deletes the following. You can undo it for %1 minute:',
                'This deletes the following. You can undo it for %1 minutes:',
                minutes
              )
            : trans.__('This deletes the following and cannot be undone:')}
        </p>
        <ul>
          {environments.map(({ id, prefix, name }) => (
            <li key={id}>
              {environments.length === 1
                ? trans.__(
                    'The environment with all its packages and its history:'
                  )
                : name}
              <br />
              <code>{prefix}</code>
            </li>
          ))}
          <li>
            {trans._n(
              'All other files in that directory',
              'All packages, and all other files in these directories',
              environments.length
            )}
          </li>
          {shown.map(display => (
            <li key={display}>{trans.__('The kernel “%1”', display)}</li>
          ))}
        </ul>
        <FreedBytes size={size} minutes={minutes} trans={trans} />
        <KernelNames kernels={kernels} trans={trans} />
        <p>{trans.__('Notebooks are kept, but they need another kernel.')}</p>
      </div>
    ),
    ...shutDownOption(kernels, trans),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      ...(minutes > 0 ? [atOnce] : []),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    defaultButton: 0
  });
  return answer.button.accept
    ? {
        shutDown: answer.isChecked === true,
        atOnce: answer.button.label === atOnce.label
      }
    : null;
}

/** How much a deletion frees, as soon as the server has measured it. */
function FreedBytes(
  props: Pick<IDeletion, 'size' | 'minutes'> & { trans: TranslationBundle }
): JSX.Element | null {
  const { minutes, trans } = props;
  const [size, setSize] = React.useState<Size | null>(null);
  React.useEffect(() => {
    void props.size.then(setSize);
  }, [props.size]);
  if (!size) {
    return null;
  }
  const freed = formatBytes(size.bytes - size.shared);
  return (
    <p>
      {minutes > 0
        ? trans._n(
            'This frees %2 after %1 minute, or now if you delete at once.',
            'This frees %2 after %1 minutes, or now if you delete at once.',
            minutes,
            freed
          )
        : trans.__('This frees %1.', freed)}
      {size.shared > 0 &&
        ` ${trans.__('Other places share %1, which stay.', formatBytes(size.shared))}`}
    </p>
  );
}
