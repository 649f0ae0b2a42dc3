import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Environment } from '../api/generated';
import { freeName } from '../models/form/naming';
import { indexSpecs } from '../models/form/overlay';

/** The name of an environment over another one, and the specs of the packages to add. */
export interface IAddition {
  readonly name: string;
  readonly packages: readonly string[];
}

/** Ask which packages to add over an environment that cannot be changed; null if the user cancels. */
export async function askAddition(
  environment: Environment,
  taken: ReadonlySet<string>,
  trans: TranslationBundle
): Promise<IAddition | null> {
  const name = environment.over?.name ?? environment.name;
  const body = new AdditionBody(
    freeName(`my-${name.split('/').pop()}`, taken),
    environment,
    trans
  );
  const answer = await showDialog({
    title: trans.__('Add Packages over %1', environment.name),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Review Plan…') })
    ],
    focusNodeSelector: 'input'
  });
  return answer.button.accept ? body.getValue() : null;
}

/** A field with the packages, and one with the name. */
class AdditionBody
  extends ReactWidget
  implements Dialog.IBodyWidget<IAddition>
{
  constructor(
    private _name: string,
    private readonly _environment: Environment,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-TfenvDialog');
  }

  getValue(): IAddition {
    return { name: this._name.trim(), packages: indexSpecs(this._packages) };
  }

  protected override render(): JSX.Element {
    const trans = this._trans;
    return (
      <>
        <label className="jp-TfenvField">
          <span>{trans.__('Packages from PyPI')}</span>
          <input
            className="jp-mod-styled"
            placeholder={trans.__('for example, rich keras-hub>=0.20')}
            value={this._packages}
            onChange={event => {
              this._packages = event.target.value;
              this.update();
            }}
          />
        </label>
        <label className="jp-TfenvField">
          <span>{trans.__('Name of the new environment')}</span>
          <input
            className="jp-mod-styled"
            value={this._name}
            onChange={event => {
              this._name = event.target.value;
              this.update();
            }}
          />
        </label>
        <p className="jp-TfenvHint">
          {trans.__(
            'The new environment uses the packages of %1 without copying them.',
            this._environment.name
          )}
        </p>
      </>
    );
  }

  private _packages = '';
}
