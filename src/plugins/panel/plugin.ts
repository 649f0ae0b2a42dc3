import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';

import { ITfenvManager } from '../../tokens';

interface IOptions {
  readonly id: string;
  readonly description: string;
  readonly activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    trans: TranslationBundle
  ) => void;
}

/** Return a plugin that needs nothing but the manager and the translations. */
export function managerClient(options: IOptions): JupyterFrontEndPlugin<void> {
  return {
    id: options.id,
    description: options.description,
    autoStart: true,
    requires: [ITfenvManager],
    optional: [ITranslator],
    activate: (
      app: JupyterFrontEnd,
      manager: ITfenvManager,
      translator: ITranslator | null
    ): void => {
      const trans = (translator ?? nullTranslator).load('tfenv_lab');
      options.activate(app, manager, trans);
    }
  };
}
