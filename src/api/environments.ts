import type { ServerConnection } from '@jupyterlab/services';

import type {
  Annotations,
  Comparison,
  Difference,
  Environment,
  ExportFormat,
  ExportSpecs,
  FoundPackage,
  Job,
  KernelSettings,
  Package,
  Revision,
  RunningKernel,
  Size,
  Source,
  VariableChanges,
  Variables,
  Why
} from './generated';
import { request, requestText } from './request';

/** The newest version of an installed package. */
export type NewerPackage = Pick<Package, 'name' | 'version' | 'source'>;

/**
 * Client for environments and their packages, revisions, exports, kernelspecs and checks.
 */
export class EnvironmentsClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  async list(): Promise<readonly Environment[]> {
    const answer = await request<{ environments: readonly Environment[] }>(
      'environments',
      {},
      this._settings
    );
    return answer.environments;
  }

  /** Start the job that deletes an environment; `atOnce` means that it cannot be undone. */
  delete(id: string, atOnce = false): Promise<Job> {
    const path = `${this._path(id)}${atOnce ? '?at_once=true' : ''}`;
    return request(path, { method: 'DELETE' }, this._settings);
  }

  async packages(id: string): Promise<readonly Package[]> {
    const answer = await request<{ packages: readonly Package[] }>(
      `${this._path(id)}/packages`,
      {},
      this._settings
    );
    return answer.packages;
  }

  /** Explain why a package is in an environment. */
  why(id: string, name: string, source: Source): Promise<Why> {
    const path = `${this._path(id)}/packages/${encodeURIComponent(name)}/why`;
    return request(`${path}?source=${source}`, {}, this._settings);
  }

  /** Measure the disk space of an environment; the server reads every file for the answer. */
  size(id: string): Promise<Size> {
    return request(`${this._path(id)}/size`, {}, this._settings);
  }

  variables(id: string): Promise<Variables> {
    return request(`${this._path(id)}/variables`, {}, this._settings);
  }

  /** Set variables, and remove those that are null. Returns all variables of the environment. */
  changeVariables(id: string, changes: VariableChanges): Promise<Variables> {
    const path = `${this._path(id)}/variables`;
    const init = { method: 'PUT', body: JSON.stringify(changes) };
    return request(path, init, this._settings);
  }

  async revisions(id: string): Promise<readonly Revision[]> {
    const answer = await request<{ revisions: readonly Revision[] }>(
      `${this._path(id)}/revisions`,
      {},
      this._settings
    );
    return answer.revisions;
  }

  /** Write the note of a revision; null removes it. */
  annotate(id: string, number: number, note: string | null): Promise<Revision> {
    const path = `${this._path(id)}/revisions/${number}`;
    const init = { method: 'PATCH', body: JSON.stringify({ note }) };
    return request(path, init, this._settings);
  }

  /** Compare the packages of two environments, or of revisions of them; null is the environment as it is. */
  compare(
    id: string,
    revision: number | null,
    other: string,
    otherRevision: number | null
  ): Promise<Comparison> {
    const query = new URLSearchParams({ with: other });
    if (revision !== null) {
      query.set('revision', String(revision));
    }
    if (otherRevision !== null) {
      query.set('with_revision', String(otherRevision));
    }
    return request(`${this._path(id)}/comparison?${query}`, {}, this._settings);
  }

  /** Find a package, by its whole name, in all environments. */
  async withPackage(name: string): Promise<readonly FoundPackage[]> {
    const answer = await request<{ packages: readonly FoundPackage[] }>(
      `installed-packages?name=${encodeURIComponent(name)}`,
      {},
      this._settings
    );
    return answer.packages;
  }

  /** Find the newest versions of those of some packages that have a newer one than the installed one. */
  async newerPackages(
    id: string,
    names: readonly string[]
  ): Promise<readonly NewerPackage[]> {
    const query = names.map(encodeURIComponent).join(',');
    const answer = await request<{ packages: readonly NewerPackage[] }>(
      `${this._path(id)}/newer-packages?names=${query}`,
      {},
      this._settings
    );
    return answer.packages;
  }

  /** Export an environment as the text of a file. `specs` selects the packages of an environment.yml. */
  export(
    id: string,
    format: ExportFormat | string,
    specs: ExportSpecs = 'requested'
  ): Promise<string> {
    return requestText(
      `${this._path(id)}/export?${new URLSearchParams({ format, specs })}`,
      {},
      this._settings
    );
  }

  /** Compare an environment with a file that lists exact packages. */
  async differences(
    id: string,
    content: string
  ): Promise<readonly Difference[]> {
    const answer = await request<{ differences: readonly Difference[] }>(
      `${this._path(id)}/differences`,
      { method: 'POST', body: JSON.stringify({ content }) },
      this._settings
    );
    return answer.differences;
  }

  /** Return the note and the pins of an environment. */
  annotations(id: string): Promise<Annotations> {
    return request(`${this._path(id)}/annotations`, {}, this._settings);
  }

  /** Change the note and the pins of an environment. */
  changeAnnotations(id: string, wanted: Annotations): Promise<Annotations> {
    const init = { method: 'PATCH', body: JSON.stringify(wanted) };
    return request(`${this._path(id)}/annotations`, init, this._settings);
  }

  /** List the running kernels, with their notebooks. */
  async runningKernels(id: string): Promise<readonly RunningKernel[]> {
    const path = `${this._path(id)}/kernels`;
    const answer = await request<{ kernels: readonly RunningKernel[] }>(
      path,
      {},
      this._settings
    );
    return answer.kernels;
  }

  /** Shut down the running kernels. */
  async shutDownKernels(id: string): Promise<void> {
    const path = `${this._path(id)}/kernels`;
    await request(path, { method: 'DELETE' }, this._settings);
  }

  /** Register a kernelspec, or change the `settings` of the registered one; a hidden environment is shown again. */
  registerKernelspec(
    id: string,
    settings: KernelSettings = {}
  ): Promise<Environment> {
    const path = `${this._path(id)}/kernelspec`;
    const init = { method: 'PUT', body: JSON.stringify(settings) };
    return request(path, init, this._settings);
  }

  /** Hide an environment from the launcher. */
  unregisterKernelspec(id: string): Promise<Environment> {
    const path = `${this._path(id)}/kernelspec`;
    return request(path, { method: 'DELETE' }, this._settings);
  }

  /** Start a terminal in which an environment is active; with `logs`, TensorBoard runs in it. Returns its name. */
  openTerminal(id: string, logs: string | null): Promise<{ name: string }> {
    const init = { method: 'POST', body: JSON.stringify({ logs }) };
    return request(`${this._path(id)}/terminals`, init, this._settings);
  }

  /** Start the job that runs TensorFlow in an environment; its result is a Check. */
  check(id: string): Promise<Job> {
    const path = `${this._path(id)}/checks`;
    return request(path, { method: 'POST' }, this._settings);
  }

  private _path(id: string): string {
    return `environments/${encodeURIComponent(id)}`;
  }
}
