import { Notification } from '@jupyterlab/apputils';

/** Notifications of results that stay open at the same time. Older ones are closed. */
const KEPT = 3;

/** End of the key of an automatic check. No path contains it. */
const AUTOMATIC = '\0automatic';

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
  /**
   * Show the result of a job on a prefix. It replaces the earlier result of the same prefix.
   *
   * @param isAutomatic - The result of an automatic check does not replace that of the change before it.
   */
  show(prefix: string, outcome: IOutcome, isAutomatic: boolean): void {
    const key = isAutomatic ? `${prefix}${AUTOMATIC}` : prefix;
    this._close(key);
    const { message, type, autoClose, actions } = outcome;
    const id = Notification.emit(message, type, { autoClose, actions });
    this._shown.set(key, { id, type, hasActions: actions.length > 0 });
    const passing = [...this._shown].filter(([, each]) => isPassing(each.type));
    for (const [oldest] of passing.slice(0, -KEPT)) {
      this._close(oldest);
    }
  }

  /** Close the results of the last jobs on a prefix. */
  close(prefix: string): void {
    this._close(prefix);
    this._close(`${prefix}${AUTOMATIC}`);
  }

  /** Close the results with buttons for environments that are no longer there. */
  keepOnly(prefixes: ReadonlySet<string>): void {
    for (const [key, { hasActions, type }] of [...this._shown]) {
      const prefix = key.replace(AUTOMATIC, '');
      // An environment that could not be created is not there either.
      if (!prefixes.has(prefix) && hasActions && type !== 'error') {
        this._close(key);
      }
    }
  }

  private _close(key: string): void {
    const known = this._shown.get(key);
    if (known) {
      this._shown.delete(key);
      Notification.dismiss(known.id);
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
