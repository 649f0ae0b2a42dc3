import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

/** Return the accessible name of what has the focus. */
export function focused(page: IJupyterLabPageFixture): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return (
      element?.getAttribute('aria-label') ??
      (element as HTMLInputElement | null)?.labels?.[0]?.textContent ??
      element?.textContent ??
      ''
    );
  });
}

/** Press Tab until the focus is on an element. */
export async function tabTo(
  page: IJupyterLabPageFixture,
  name: RegExp
): Promise<void> {
  for (let count = 0; count < 40; count++) {
    if (name.test(await focused(page))) {
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${name}.`);
}
