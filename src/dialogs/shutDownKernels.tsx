import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { EnvironmentsClient } from '../api/environments';
import type { Environment, RunningKernel } from '../api/generated';

/** What the user wants with running kernels; null cancels the change. */
export type KernelAnswer = 'keep' | 'shut-down' | null;

/** List the running kernels of an environment; empty if the server does not tell. */
export async function runningKernels(
  client: EnvironmentsClient,
  { id }: Environment
): Promise<readonly RunningKernel[]> {
  try {
    return await client.runningKernels(id);
  } catch {
    // The change itself reports what is wrong with the server or the environment.
    return [];
  }
}

/** Shut down the running kernels of an environment, and tell JupyterLab. */
export async function shutDown(
  client: EnvironmentsClient,
  { id }: Environment,
  app: JupyterFrontEnd
): Promise<void> {
  await client.shutDownKernels(id);
  const { kernels, sessions } = app.serviceManager;
  await Promise.all([kernels.refreshRunning(), sessions.refreshRunning()]);
}

/** The option of a dialog that shuts down the kernels first; none without kernels. */
export function shutDownOption(
  kernels: readonly RunningKernel[],
  trans: TranslationBundle
): Pick<Dialog.IOptions<unknown>, 'checkbox'> {
  return {
    checkbox:
      kernels.length === 0
        ? null
        : {
            label: trans._n(
              'Shut down the running kernel first',
              'Shut down the %1 running kernels first',
              kernels.length
            ),
            checked: true
          }
  };
}

/** The running kernels, named by their notebooks. */
export function KernelNames(props: {
  kernels: readonly RunningKernel[];
  trans: TranslationBundle;
}): JSX.Element | null {
  const { kernels, trans } = props;
  if (kernels.length === 0) {
    return null;
  }
  return (
    <>
      <p>{trans.__('It is in use by:')}</p>
      <ul>
        {kernels.map(({ id, name, notebook }) => (
          <li key={id}>
            {notebook ?? trans.__('A kernel without a notebook: %1', name)}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Ask whether to shut down the running kernels before an environment gets another name. */
export async function confirmRename(
  { name }: Environment,
  kernels: readonly RunningKernel[],
  trans: TranslationBundle
): Promise<KernelAnswer> {
  const answer = await showDialog({
    title: trans.__('Rename %1 while it is in use?', name),
    body: (
      <div className="jp-TfenvDialog">
        <KernelNames kernels={kernels} trans={trans} />
        <p>
          {trans.__(
            'A kernel that keeps running loses the files of its environment.'
          )}
        </p>
      </div>
    ),
    ...shutDownOption(kernels, trans),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Rename') })
    ]
  });
  return kernelAnswer(answer);
}

/** Return what the user answered in a dialog with `shutDownOption`. */
export function kernelAnswer(answer: Dialog.IResult<unknown>): KernelAnswer {
  if (!answer.button.accept) {
    return null;
  }
  return answer.isChecked ? 'shut-down' : 'keep';
}
