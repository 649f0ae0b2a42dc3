import type { TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';

import type { Sentence } from './generated';

/** The translations of the client's own texts, and of the server's. */
export let trans: TranslationBundle = nullTranslator.load('tfenv_lab');

/** Translate everything from now on. */
export function setTranslations(bundle: TranslationBundle): void {
  trans = bundle;
}

/**
 * Translate the texts in an answer of the server: those that the field `sentences` of the same object knows.
 *
 * A sentence without a translation stays in English.
 */
export function translated<T>(value: T): T {
  if (Array.isArray(value)) {
    return value.map(each => translated<unknown>(each)) as T;
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const known = 'sentences' in value ? value.sentences : undefined;
  const entries = Object.entries(value).map(([name, each]) => {
    const sentence = sentenceIn(known, name);
    return [name, sentence ? textOf(sentence) : translated<unknown>(each)];
  });
  return Object.fromEntries(entries) as T;
}

/** Return the sentence of a field. A variable of an environment may be called `sentences`, too. */
function sentenceIn(known: unknown, name: string): Sentence | null {
  if (typeof known !== 'object' || known === null || !(name in known)) {
    return null;
  }
  const found = (known as Record<string, Partial<Sentence> | null>)[name];
  return typeof found?.template === 'string' ? (found as Sentence) : null;
}

/** Return a sentence in the user's language. */
function textOf({ template, plural, params }: Sentence): string {
  // The literals are in the server's code, where scripts/translations.py finds them.
  /* eslint-disable jupyter/no-dynamic-translation */
  const words =
    plural === null
      ? trans.__(template)
      : trans._n(template, plural, Number(params.count));
  /* eslint-enable jupyter/no-dynamic-translation */
  return words.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = params[name];
    return value === undefined
      ? placeholder
      : typeof value === 'object'
        ? textOf(value as unknown as Sentence)
        : String(value);
  });
}
