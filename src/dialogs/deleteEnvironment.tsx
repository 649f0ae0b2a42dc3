import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment, RunningKernel } from '../api/generated';
import type { KernelAnswer } from './shutDownKernels';
import { kernelAnswer, KernelNames, shutDownOption } from './shutDownKernels';

/** Ask whether to delete an environment, and list what is deleted and what uses it. */
export async function confirmDelete(
  environment: Environment,
  kernels: readonly RunningKernel[],
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
