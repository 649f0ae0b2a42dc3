import type { NavigationModel } from '../models/state/navigation';

/** How an element is found again after its screen was rendered again. */
interface IPlace {
  /** Id of the environment of its row; undefined outside of rows. */
  readonly environment: string | undefined;
  /** Its accessible name. */
  readonly label: string;
}

const FOCUSABLE = 'button:not(:disabled), summary, input, select, textarea';

/**
 * Moves the focus with the screens of the panel: back to where a screen was opened, to what an action created, and to
 * the row of a button that disappears, such as Cancel when its job ends.
 */
export class FocusTrail {
  constructor(
    private readonly _node: HTMLElement,
    private readonly _navigation: NavigationModel
  ) {
    this._depth = _navigation.depth;
    _node.addEventListener('focusin', event => {
      const element = event.target as HTMLElement;
      this._last = placeOf(element);
      this._focused = element;
      // The user has gone on.
      this._awaited = null;
      this._row =
        element.closest<HTMLElement>('[data-prefix]')?.dataset.prefix ?? null;
    });
    new MutationObserver(() => this._stay()).observe(_node, {
      childList: true,
      subtree: true
    });
    _navigation.stateChanged.connect(this._follow, this);
  }

  /** Path of the environment that the last action creates or changes; the list focuses its row. */
  target: string | null = null;

  /** Set the focus after a screen was rendered, unless the user works elsewhere. */
  arrive(): void {
    const place = this._returned;
    const { target } = this;
    this._returned = null;
    this.target = null;
    if (this._isElsewhere() || (!place && target === null)) {
      return;
    }
    const created = target === null ? null : this._inRow(target);
    const found =
      created ||
      (place && this._find(place)) ||
      this._node.querySelector<HTMLElement>('h2');
    found?.focus();
    // A job can end before the list has a row for it.
    this._awaited = created ? null : target;
  }

  /** Set the focus when the panel is shown by a command: to the row of the current notebook, or the first row. */
  enter(): void {
    if (this._node.contains(document.activeElement)) {
      return;
    }
    const found =
      this._node.querySelector<HTMLElement>(
        '.jp-TfenvRow[aria-current] button:not(:disabled)'
      ) ??
      this._node.querySelector<HTMLElement>(
        '.jp-TfenvRow button:not(:disabled)'
      ) ??
      this._node.querySelector<HTMLElement>('h2');
    found?.focus();
  }

  /**
   * If the row of what the last action created has appeared, focus it. If the focused element of a row has disappeared,
   * focus the row, or another one if that has disappeared, too.
   */
  private _stay(): void {
    if (this._awaited !== null && !this._isElsewhere()) {
      this._inRow(this._awaited)?.focus();
    }
    const row = this._row;
    const isLost =
      this._focused?.isConnected === false &&
      document.activeElement === document.body;
    if (row === null || !isLost) {
      return;
    }
    // A new row has no buttons until its environment is listed; the next change of the panel may bring them.
    const own = this._node.querySelector(`[data-prefix="${CSS.escape(row)}"]`);
    const found = (
      own ?? this._node.querySelector('.jp-TfenvRow')
    )?.querySelector<HTMLElement>('button:not(:disabled)');
    found?.focus();
  }

  private _follow(): void {
    const { depth } = this._navigation;
    if (depth > this._depth) {
      this._places[this._depth] = this._last;
    } else if (depth < this._depth) {
      this._returned = this._places[depth] ?? null;
      this._places.length = depth;
    }
    this._depth = depth;
  }

  /** Whether the user works in another part of JupyterLab. */
  private _isElsewhere(): boolean {
    const active = document.activeElement;
    return (
      active !== null &&
      active !== document.body &&
      !this._node.contains(active)
    );
  }

  /** Return what can be focused in the row of an environment, by its path. */
  private _inRow(prefix: string): HTMLElement | null {
    return (
      this._node
        .querySelector(`[data-prefix="${CSS.escape(prefix)}"]`)
        ?.querySelector<HTMLElement>(FOCUSABLE) ?? null
    );
  }

  private _find({ environment, label }: IPlace): HTMLElement | undefined {
    const row =
      environment === undefined
        ? this._node
        : this._node.querySelector(
            `[data-environment="${CSS.escape(environment)}"]`
          );
    const elements = Array.from(
      row?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? []
    );
    return (
      elements.find(element => nameOf(element) === label) ??
      (environment === undefined ? undefined : elements[0])
    );
  }

  private _depth: number;
  /** Path of the environment whose row gets the focus as soon as it is there, if the user does nothing before. */
  private _awaited: string | null = null;
  /** What had the focus last, and the path of the environment of its row. */
  private _focused: HTMLElement | null = null;
  private _row: string | null = null;
  private _last: IPlace | null = null;
  /** What was focused when the screen above was opened, by depth. */
  private readonly _places: (IPlace | null)[] = [];
  private _returned: IPlace | null = null;
}

function placeOf(element: HTMLElement): IPlace {
  const row = element.closest<HTMLElement>('[data-environment]');
  return { environment: row?.dataset.environment, label: nameOf(element) };
}

function nameOf(element: HTMLElement): string {
  const label = (element as HTMLInputElement).labels?.[0];
  return (
    element.getAttribute('aria-label') ?? (label ?? element).textContent ?? ''
  );
}
