import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';

/** The themes of JupyterLab. */
export const THEMES = ['light', 'dark', 'dark-high-contrast'] as const;

/** Use the style sheet of a theme. JupyterLab takes seconds for that, so it is put over the current one. */
export async function setTheme(page: Page, theme: string): Promise<void> {
  const path = `@jupyterlab/theme-${theme}-extension/index.css`;
  await page.evaluate(async url => {
    const sheets = ((window as any).themes ??= {});
    sheets[url] ??= await (await fetch(url)).text();
    const style =
      document.getElementById('theme') ?? document.createElement('style');
    style.id = 'theme';
    style.textContent = sheets[url];
    document.body.append(style);
  }, `/lab/api/themes/${path}`);
}

/** Return the serious violations that axe finds in the panel, with the elements. */
export async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page })
    .setLegacyMode(true)
    .include('#tfenv-lab-panel')
    .options({
      rules: {
        'label-content-name-mismatch': { enabled: true },
        // Contrast is measured for all texts below, also where axe cannot judge.
        'color-contrast': { enabled: false }
      }
    })
    .analyze();
  return found.violations
    .filter(item => item.impact === 'serious' || item.impact === 'critical')
    .map(item => `${item.id}: ${item.nodes.map(node => node.html).join(' ')}`);
}

/** Return the visible texts with less contrast than WCAG asks for (1.4.3): 4.5 : 1. Disabled controls do not count. */
export function faintTexts(root: Locator): Promise<string[]> {
  return root.evaluate(panel => {
    type Color = [number, number, number, number];
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    /** Read any CSS color, painted on one pixel. */
    const parse = (text: string): Color => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = text;
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
      return [red, green, blue, alpha / 255];
    };
    const over = (top: Color, bottom: Color): Color => {
      const [, , , alpha] = top;
      const mix = (index: number): number =>
        top[index] * alpha + bottom[index] * (1 - alpha);
      return [mix(0), mix(1), mix(2), 1];
    };
    const light = (color: Color): number => {
      const [red, green, blue] = color.slice(0, 3).map(value => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element: Element | null): Color => {
      if (!element) {
        return [255, 255, 255, 1];
      }
      const style = getComputedStyle(element);
      const own = parse(style.backgroundColor);
      return own[3] === 1 ? own : over(own, behind(element.parentElement));
    };
    const opacity = (element: Element | null): number =>
      element === null
        ? 1
        : Number(getComputedStyle(element).opacity) *
          opacity(element.parentElement);
    const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    const faint: string[] = [];
    while (walker.nextNode()) {
      const text = walker.currentNode;
      const element = text.parentElement!;
      const words = text.textContent!.trim();
      const isDisabled =
        element.closest(':disabled, [aria-disabled="true"]') !== null ||
        element.closest('label')?.querySelector(':disabled') != null;
      const box = element.getBoundingClientRect();
      const shown = opacity(element);
      if (
        words === '' ||
        isDisabled ||
        box.width < 2 ||
        shown === 0 ||
        element.closest('.jp-sr-only, option')
      ) {
        continue;
      }
      const style = getComputedStyle(element);
      // The background of a chosen radio button is that of the input under its label.
      const under = element.previousElementSibling;
      const isOver = under instanceof HTMLInputElement && under.checked;
      const back = behind(isOver ? under : element);
      const color = parse(style.color);
      const front = over(
        [color[0], color[1], color[2], color[3] * shown],
        back
      );
      const [bright, dark] = [light(front), light(back)].sort((a, b) => b - a);
      const ratio = (bright + 0.05) / (dark + 0.05);
      if (ratio < 4.5) {
        faint.push(`${ratio.toFixed(2)} ${words} (${element.className})`);
      }
    }
    return faint;
  });
}

/** Return the words that end on another line than they begin on, and the texts that are wider than the panel. */
export function brokenWords(root: Locator): Promise<string[]> {
  return root.evaluate(panel => {
    const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    const broken: string[] = [];
    while (walker.nextNode()) {
      const text = walker.currentNode;
      if (text.parentElement!.closest('.jp-sr-only, option, code, pre, dd')) {
        continue;
      }
      // A path has no better places to break.
      const words = text.textContent!.replace(/\S*\/\S*/g, path =>
        ' '.repeat(path.length)
      );
      for (const match of words.matchAll(/[\p{L}\p{N}]{2,24}/gu)) {
        const range = document.createRange();
        range.setStart(text, match.index);
        range.setEnd(text, match.index + match[0].length);
        const lines = new Set(
          Array.from(range.getClientRects())
            .filter(box => box.width > 0)
            .map(box => Math.round(box.top))
        );
        if (lines.size > 1) {
          broken.push(match[0]);
        }
      }
    }
    if (panel.scrollWidth > panel.clientWidth) {
      broken.push(`the panel is ${panel.scrollWidth} px wide`);
    }
    return broken;
  });
}

/** Return the visible texts that begin at the left edge of the panel, without a margin. */
export function textsAtTheEdge(root: Locator): Promise<string[]> {
  return root.evaluate(panel => {
    const edge = panel.getBoundingClientRect().left + 4;
    const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    const found: string[] = [];
    while (walker.nextNode()) {
      const text = walker.currentNode;
      const range = document.createRange();
      range.selectNodeContents(text);
      const isHidden = text.parentElement!.closest('.jp-sr-only, option');
      const box = range.getBoundingClientRect();
      if (!isHidden && box.width > 0 && box.left < edge) {
        found.push(text.textContent!.trim());
      }
    }
    return found.filter(words => words !== '');
  });
}
