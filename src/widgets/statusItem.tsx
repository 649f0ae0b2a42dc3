import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import React from 'react';

import { CommandIDs } from '../commandids';
import { describeCurrent } from '../models/current';
import type { EnvironmentsModel } from '../models/environments';

/**
 * The environment of the notebook in front: "tf219 · TensorFlow 2.19.0 · CPU". A click opens its details.
 */
export class StatusItem extends ReactWidget {
  constructor(private readonly _options: StatusItem.IOptions) {
    super();
    this.addClass('jp-TfenvStatus');
    this.addClass('jp-mod-highlighted');
    _options.environments.stateChanged.connect(this.update, this);
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override render(): JSX.Element | null {
    const { environments, commands, trans } = this._options;
    const environment = environments.current;
    if (!environment) {
      return null;
    }
    return (
      <button
        type="button"
        className="jp-StatusBar-TextItem"
        title={trans.__('The environment of this notebook: show its details')}
        onClick={() =>
          void commands.execute(CommandIDs.showEnvironment, {
            environment: environment.id
          })
        }
      >
        {describeCurrent(environment, trans)}
      </button>
    );
  }
}

export namespace StatusItem {
  export interface IOptions {
    readonly environments: EnvironmentsModel;
    readonly commands: CommandRegistry;
    readonly trans: TranslationBundle;
  }
}
