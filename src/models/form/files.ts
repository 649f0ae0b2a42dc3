import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  ExportFormat,
  ExportSpecs,
  ImportFormat,
  Limits
} from '../../api/generated';

/** A file format for exports. */
export interface IExportKind {
  /** The name of a format, or of an exporter that an extension adds. */
  readonly format: ExportFormat | string;
  readonly specs: ExportSpecs;
  /** Name and purpose. */
  readonly label: string;
  /** Name of the file for an environment's name, with the ending that its tool expects. */
  readonly fileName: (environment: string) => string;
}

/** List the file formats for exports, the most portable first, and those of `exporters` last. */
export function exportKinds(
  trans: TranslationBundle,
  exporters: readonly string[] = []
): readonly IExportKind[] {
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
      fileName: name => `${name}.all.environment.yml`
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
    },
    {
      format: 'pylock',
      specs: 'requested',
      label: trans.__('pylock.toml: exact packages from PyPI, for pip and uv'),
      fileName: name => `pylock.${name.replace(/\./g, '-')}.toml`
    },
    {
      format: 'requirements',
      specs: 'requested',
      label: trans.__('requirements.txt: packages from PyPI, for pip and uv'),
      fileName: name => `${name}.requirements.txt`
    },
    ...exporters.map(exporter => ({
      format: exporter,
      specs: 'requested' as const,
      label: trans.__('%1: by an extension of the server', exporter),
      fileName: (name: string) =>
        `${name}.${exporter.replace(/[^\w-]/g, '-')}.txt`
    }))
  ];
}

/** Whether the contents of a file with this name may describe an environment, by the server's rule. */
export function mayBeEnvironmentFile(name: string, limits: Limits): boolean {
  return new RegExp(limits.import_pattern).test(name.toLowerCase());
}

/** Return the description of a format for the import form. */
export function formatLabel(
  format: ImportFormat,
  trans: TranslationBundle
): string {
  const labels: Record<ImportFormat, string> = {
    'environment-yml': trans.__(
      'environment.yml: packages are solved for this machine'
    ),
    explicit: trans.__('Explicit list: exact packages'),
    'conda-lock': trans.__('conda-lock.yml: exact packages'),
    'pixi-lock': trans.__('pixi.lock: exact packages'),
    pylock: trans.__('pylock.toml: exact packages from PyPI'),
    'uv-lock': trans.__('uv.lock: exact packages from PyPI'),
    pyproject: trans.__(
      'pyproject.toml: dependencies are solved for this machine'
    ),
    requirements: trans.__(
      'requirements.txt: packages from PyPI are solved for this machine'
    ),
    notebook: trans.__('Notebook record'),
    list: trans.__('List of conda: exact versions and builds are solved'),
    'pixi-toml': trans.__('pixi.toml: packages are solved for this machine'),
    'anaconda-project': trans.__(
      'anaconda-project.yml: packages are solved for this machine'
    ),
    commands: trans.__('Commands of conda and pip: packages are solved')
  };
  return labels[format];
}
