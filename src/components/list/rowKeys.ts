import type React from 'react';

const FOCUSABLE = 'input, button:not(:disabled), summary';

/** Let the Tab key stop once in a row: at its first button. Arrow keys reach the others. */
export function setTabStop(row: HTMLElement): void {
  row
    .querySelectorAll<HTMLElement>('input, button, summary')
    .forEach(button => {
      button.tabIndex = -1;
    });
  const first = row.querySelector<HTMLElement>(FOCUSABLE);
  if (first) {
    first.tabIndex = 0;
  }
}

/** Move the focus with the arrow keys, Home and End: up and down between rows, left and right within a row. */
export function onRowKey(event: React.KeyboardEvent<HTMLElement>): void {
  const focused = event.target as HTMLElement;
  const rows = Array.from(
    event.currentTarget.querySelectorAll<HTMLElement>('.jp-TfenvRow')
  );
  const row = focused.closest<HTMLElement>('.jp-TfenvRow');
  const isFilter = focused.matches('input[type="search"]');
  if (!row && !(isFilter && event.key === 'ArrowDown')) {
    return;
  }
  const index = row ? rows.indexOf(row) : -1;
  let next: HTMLElement | null | undefined;
  switch (event.key) {
    case 'ArrowDown':
      next = stopOf(rows[index + 1]);
      break;
    case 'ArrowUp':
      next = stopOf(rows[index - 1]);
      break;
    case 'Home':
      next = stopOf(rows[0]);
      break;
    case 'End':
      next = stopOf(rows[rows.length - 1]);
      break;
    case 'ArrowLeft':
    case 'ArrowRight': {
      const step = event.key === 'ArrowRight' ? 1 : -1;
      const parts = Array.from(
        row?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? []
      );
      next = parts[parts.indexOf(focused) + step];
      break;
    }
    default:
      return;
  }
  // The panel would scroll.
  event.preventDefault();
  next?.focus();
}

function stopOf(row: HTMLElement | undefined): HTMLElement | null | undefined {
  return row?.querySelector<HTMLElement>(FOCUSABLE);
}
