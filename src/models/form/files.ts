import type { TranslationBundle } from '@jupyterlab/translation';

import type { ExportFormat, ExportSpecs } from '../../api/generated';
import { freeName } from './naming';

/** One kind of file that an environment can be written as. */
export interface IExportKind {
  readonly format: ExportFormat;
  readonly specs: ExportSpecs;
  /** What it is for. */
  readonly label: string;
  /** The name that the tool it is for looks for, after the environment's own where there is none. */
  readonly fileName: (environment: string) => string;
}

/** What an environment can be written as, the most portable first. */
export function exportKinds(trans: TranslationBundle): readonly IExportKind[] {
  return [
    {
      format: 'environment-yml',
      specs: 'requested',
      label: trans.__('environment.yml: what was asked for'),
      fileName: name => `${name}.environment.yml`
    },
    {
      format: 'environment-yml',
      specs: 'all',
      label: trans.__('environment.yml: every package with its build'),
      fileName: name => `${name}.environment.yml`
    },
    {
      format: 'explicit',
      specs: 'requested',
      label: trans.__('explicit list: exact packages, for conda'),
      fileName: name => `${name}.explicit.txt`
    },
    {
      format: 'conda-lock',
      specs: 'requested',
      label: trans.__('conda-lock.yml: exact packages, for conda-lock'),
      fileName: name => `${name}.conda-lock.yml`
    },
    {
      format: 'pixi-lock',
      specs: 'requested',
      label: trans.__('pixi.lock: exact packages, for pixi'),
      fileName: name => `${name}.pixi.lock`
    }
  ];
}

/** Whether a file may describe an environment, by its name. */
export function isEnvironmentFile(name: string): boolean {
  return /(^|[._-])environment[^/]*\.ya?ml$|conda-lock\.ya?ml$|\.lock$|(explicit|spec|conda|env)[^/]*\.txt$/i.test(
    name
  );
}

/**
 * What a text looks like while it is typed or dropped; the server has the last word.
 *
 * @returns null for what is none of the formats.
 */
export function recognise(text: string): ExportFormat | null {
  if (/^@EXPLICIT\s*$/m.test(text)) {
    return 'explicit';
  }
  if (/^\s*\{[^]*"fingerprint"\s*:/.test(text)) {
    return 'notebook';
  }
  const has = (key: string): boolean =>
    new RegExp(`^["']?${key}["']?\\s*:`, 'm').test(text);
  if (has('package') && has('metadata')) {
    return 'conda-lock';
  }
  if (has('environments') && has('packages')) {
    return 'pixi-lock';
  }
  return has('dependencies') || has('channels') ? 'environment-yml' : null;
}

/** What a person calls a format. */
export function formatLabel(
  format: ExportFormat,
  trans: TranslationBundle
): string {
  const labels: Record<ExportFormat, string> = {
    'environment-yml': trans.__('environment.yml: it will be solved'),
    explicit: trans.__('explicit list: exactly its packages'),
    'conda-lock': trans.__('conda-lock: exactly its packages'),
    'pixi-lock': trans.__('pixi.lock: exactly its packages'),
    notebook: trans.__('notebook: the environment that it records')
  };
  return labels[format];
}

/** The name to propose for an environment from a file: its own, else the file's, made free. */
export function proposeImportName(
  text: string,
  fileName: string | null,
  taken: ReadonlySet<string>
): string {
  const own = /^name\s*:\s*["']?([\w.+-]+)["']?\s*$/m.exec(text)?.[1];
  const ofFile = fileName
    ?.replace(/\.[^.]*$/, '')
    .replace(/[._-]?(environment|conda-lock|pixi|explicit)$/i, '')
    .replace(/[^\w.+-]+/g, '-')
    .replace(/^[^\w]+/, '');
  return freeName(own || ofFile || 'imported', taken);
}
