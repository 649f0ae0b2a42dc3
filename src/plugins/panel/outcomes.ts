import { Notification } from '@jupyterlab/apputils';

/** Notifications of results that stay open at the same time. Older ones are closed. */
const KEPT = 3;

/** The result of a job, as a notification shows it. */
export interface IOutcome {
  readonly message: string;
  readonly type: 'success' | 'warning' | 'error' | 'info';
  readonly autoClose: number | false;
  readonly actions: Notification.IAction[];
}

/**
 * The notifications with the results of jobs. An environment has only its newest result, and no results pile up.
 */
export class Outcomes {
  /** Show the result of a job on a prefix. It replaces the earlier result of the same prefix. */
  show(prefix: string, outcome: IOutcome): void {
    this.close(prefix);
    const { message, type, autoClose, actions } = outcome;
    const id = Notification.emit(message, type, { autoClose, actions });
    this._shown.set(prefix, { id, type, hasActions: actions.length > 0 });
    const passing = [...this._shown].filter(([, each]) => isPassing(each.type));
    for (const [oldest] of passing.slice(0, -KEPT)) {
      this.close(oldest);
    }
  }

  /** Close the result of the last job on a prefix. */
  close(prefix: string): void {
    const known = this._shown.get(prefix);
    if (known) {
      this._shown.delete(prefix);
      Notification.dismiss(known.id);
    }
  }

  /** Close the results with buttons for environments that are no longer there. */
  keepOnly(prefixes: ReadonlySet<string>): void {
    for (const [prefix, { hasActions, type }] of [...this._shown]) {
      // An environment that could not be created is not there either.
      if (!prefixes.has(prefix) && hasActions && type !== 'error') {
        this.close(prefix);
      }
    }
  }

  private readonly _shown = new Map<
    string,
    {
      readonly id: string;
      readonly type: IOutcome['type'];
      readonly hasActions: boolean;
    }
  >();
}

/** Whether a result needs no attention, so that it may be closed for a newer one. */
function isPassing(type: IOutcome['type']): boolean {
  return type === 'success' || type === 'info';
}
