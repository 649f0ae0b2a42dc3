import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment, RunningKernel, Size } from '../api/generated';
import { formatBytes } from '../models/texts/units';
import type { KernelAnswer } from './shutDownKernels';
import { kernelAnswer, KernelNames, shutDownOption } from './shutDownKernels';

/** Ask whether to delete an environment, and list what is deleted, what uses it, and how much that frees. */
export async function confirmDelete(
  environment: Environment,
  kernels: readonly RunningKernel[],
  /** Resolves with null if the size is not known. */
  size: Promise<Size | null>,
  trans: TranslationBundle
): Promise<KernelAnswer> {
  const { kernel, name, prefix } = environment;
  const answer = await showDialog({
    title: trans.__('Delete %1?', name),
    body: (
      <div className="jp-TfenvDialog">
        <p>{trans.__('This deletes the following and cannot be undone:')}</p>
        <ul>
          <li>
            {trans.__('The environment with all its packages and its history:')}
            <br />
            <code>{prefix}</code>
          </li>
          <li>{trans.__('All other files in that directory')}</li>
          {kernel && (
            <li>{trans.__('The kernel “%1”', kernel.display_name)}</li>
          )}
        </ul>
        <FreedBytes size={size} trans={trans} />
        <KernelNames kernels={kernels} trans={trans} />
        <p>{trans.__('Notebooks are kept, but they need another kernel.')}</p>
      </div>
    ),
    ...shutDownOption(kernels, trans),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    defaultButton: 0
  });
  return kernelAnswer(answer);
}

/** How much a deletion frees, as soon as the server has measured it. */
function FreedBytes(props: {
  size: Promise<Size | null>;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { trans } = props;
  const [size, setSize] = React.useState<Size | null>(null);
  React.useEffect(() => {
    void props.size.then(setSize);
  }, [props.size]);
  return (
    size && (
      <p>
        {size.shared > 0
          ? trans.__(
              'This frees %1. Other places share %2, which stay.',
              formatBytes(size.bytes - size.shared),
              formatBytes(size.shared)
            )
          : trans.__('This frees %1.', formatBytes(size.bytes))}
      </p>
    )
  );
}
