import type { TranslationBundle } from '@jupyterlab/translation';

import type { ExportFormat, ExportSpecs } from '../../api/generated';
import { freeName } from './naming';

/** A file format for exports. */
export interface IExportKind {
  readonly format: ExportFormat;
  readonly specs: ExportSpecs;
  /** Name and purpose. */
  readonly label: string;
  /** Name of the file for an environment's name, with the ending that its tool expects. */
  readonly fileName: (environment: string) => string;
}

/** List the file formats for exports, the most portable first. */
export function exportKinds(trans: TranslationBundle): readonly IExportKind[] {
  return [
    {
      format: 'environment-yml',
      specs: 'requested',
      label: trans.__('environment.yml: requested packages'),
      fileName: name => `${name}.environment.yml`
    },
    {
      format: 'environment-yml',
      specs: 'all',
      label: trans.__('environment.yml: all packages with their builds'),
      fileName: name => `${name}.environment.yml`
    },
    {
      format: 'explicit',
      specs: 'requested',
      label: trans.__('Explicit list: exact packages, for conda'),
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

/** Whether the name of a file suggests that it describes an environment. */
export function isEnvironmentFile(name: string): boolean {
  return /(^|[._-])environment[^/]*\.ya?ml$|conda-lock\.ya?ml$|\.lock$|(explicit|spec|conda|env)[^/]*\.txt$/i.test(
    name
  );
}

/**
 * Guess the format of a text while it is edited. The server decides in the end.
 *
 * @returns null if no format matches.
 */
export function recognizeFormat(text: string): ExportFormat | null {
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

/** Return the description of a format for the import form. */
export function formatLabel(
  format: ExportFormat,
  trans: TranslationBundle
): string {
  const labels: Record<ExportFormat, string> = {
    'environment-yml': trans.__(
      'environment.yml: packages are solved for this machine'
    ),
    explicit: trans.__('Explicit list: exact packages'),
    'conda-lock': trans.__('conda-lock.yml: exact packages'),
    'pixi-lock': trans.__('pixi.lock: exact packages'),
    notebook: trans.__('Notebook record')
  };
  return labels[format];
}

/** Propose an unused name for an imported environment: the name in the file, else the file's own. */
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
  // conda's own environment is called base, or root in older versions.
  const reserved = new Set([...taken, 'base', 'root']);
  return freeName(own || ofFile || 'imported', reserved);
}
