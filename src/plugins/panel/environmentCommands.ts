import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Environment } from '../../api/generated';
import { toFailure } from '../../api/request';
import { notifyFailure, notifyGone } from '../../dialogs/failureDetails';
import { isProtected, refusalOf } from '../../models/texts/refusal';
import type { ITfenvManager } from '../../tokens';

/** Arguments of every command that acts on one environment. */
export const ENVIRONMENT_ARGS = {
  args: {
    type: 'object',
    properties: {
      environment: {
        type: 'string',
        description:
          'Environment id; defaults to the row under the context menu.'
      },
      packages: {
        type: 'array',
        items: { type: 'string' },
        description: 'Packages to update; defaults to TensorFlow.'
      }
    }
  }
} as const;

/** A command that acts on one environment. */
export interface IEnvironmentCommand {
  readonly describedBy?: CommandRegistry.ICommandOptions['describedBy'];
  readonly label: string;
  /** The label for an environment that can be changed only in a copy. */
  readonly copyLabel?: string;
  readonly caption: string;
  /** Why the command cannot run on this environment now; null if it can. */
  readonly refusal?: (environment: Environment) => string | null;
  readonly isVisible?: (environment: Environment) => boolean;
  readonly execute: (
    environment: Environment,
    args: ReadonlyPartialJSONObject
  ) => Promise<unknown>;
}

/**
 * Return a function that finds a command's environment: by its argument, or by the row under the context menu.
 */
export function environmentFinder(
  app: JupyterFrontEnd,
  manager: ITfenvManager
): (args: ReadonlyPartialJSONObject) => Environment | undefined {
  return args => {
    const id =
      args.environment ??
      app.contextMenuHitTest(node => node.dataset.environment !== undefined)
        ?.dataset.environment;
    return typeof id === 'string' ? manager.environments.get(id) : undefined;
  };
}

/** Adds commands that act on one environment, and says why one cannot be used now. */
export class EnvironmentCommands {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _manager: ITfenvManager,
    private readonly _trans: TranslationBundle
  ) {}

  /** Add a command. Its errors are shown in a notification. */
  add(id: string, options: IEnvironmentCommand): void {
    const find = environmentFinder(this._app, this._manager);
    this._app.commands.addCommand(id, {
      label: args => {
        const environment = find(args);
        return environment && isProtected(environment)
          ? (options.copyLabel ?? options.label)
          : options.label;
      },
      caption: args => {
        const environment = find(args);
        return (
          (environment && options.refusal?.(environment)) || options.caption
        );
      },
      describedBy: options.describedBy ?? ENVIRONMENT_ARGS,
      isVisible: args => {
        const environment = find(args);
        return !environment || (options.isVisible?.(environment) ?? true);
      },
      isEnabled: args => {
        const environment = find(args);
        return environment !== undefined && !options.refusal?.(environment);
      },
      execute: async args => {
        const environment = find(args);
        if (environment) {
          try {
            await options.execute(environment, args);
          } catch (error) {
            notifyFailure(environment.name, toFailure(error), this._trans);
          }
        } else {
          notifyGone(this._trans);
        }
      }
    });
  }

  /** Return why an environment cannot be used by a job now; null if it can. */
  readonly busy = ({ prefix }: Environment): string | null =>
    this._manager.jobs.activeOn(prefix)
      ? this._trans.__('Another job is running on this environment.')
      : null;

  /** Return why an environment cannot be changed now; null if it can. */
  readonly refusal = (environment: Environment): string | null =>
    refusalOf(environment, this._trans) ?? this.busy(environment);
}
