import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import React from 'react';

import { CommandIDs } from '../commandids';
import { describeCurrent } from '../models/notebook/current';
import type { EnvironmentsModel } from '../models/state/environments';
import type { RecordsModel } from '../models/state/records';

/**
 * Status bar item with the current notebook's environment: "tf219 · TensorFlow 2.19.0 · CPU". A click opens its details.
 * Other buttons show that the kernel must restart, and that the environment differs from the notebook record.
 */
export class StatusItem extends ReactWidget {
  constructor(private readonly _options: StatusItem.IOptions) {
    super();
    this.addClass('jp-TfenvStatus');
    this.addClass('jp-mod-highlighted');
    _options.environments.stateChanged.connect(this.update, this);
    _options.records.stateChanged.connect(this.update, this);
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override render(): JSX.Element | null {
    const { environments, records, commands, trans } = this._options;
    const environment = environments.current;
    if (!environment) {
      return null;
    }
    const differs = !!records.comparison?.differences.length;
    return (
      <>
        <button
          type="button"
          className="jp-StatusBar-TextItem"
          title={trans.__("Show details of this notebook's environment")}
          onClick={() =>
            void commands.execute(CommandIDs.showEnvironment, {
              environment: environment.id
            })
          }
        >
          {describeCurrent(environment, trans)}
        </button>
        {environments.mustRestart && (
          <button
            type="button"
            className="jp-StatusBar-TextItem"
            title={trans.__(
              'Packages changed after the kernel started. It uses them after a restart.'
            )}
            onClick={() =>
              void commands.execute(CommandIDs.restartKernels, {
                environment: environment.id
              })
            }
          >
            {trans.__('Restart kernel')}
          </button>
        )}
        {differs && (
          <button
            type="button"
            className="jp-StatusBar-TextItem"
            title={trans.__('Compare the environment with the notebook record')}
            onClick={() => void commands.execute(CommandIDs.showDifferences)}
          >
            {trans.__('Differs from record')}
          </button>
        )}
      </>
    );
  }
}

export namespace StatusItem {
  export interface IOptions {
    readonly environments: EnvironmentsModel;
    readonly records: RecordsModel;
    readonly commands: CommandRegistry;
    readonly trans: TranslationBundle;
  }
}
