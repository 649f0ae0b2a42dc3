import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

/** The fields of the server's status that the tests need. */
export interface IStatus {
  readonly envs_dir: string;
}

/** The side panel. Everything is found by role and name, as a user finds it. */
export class Panel {
  constructor(
    readonly page: IJupyterLabPageFixture,
    title = 'TensorFlow Environments'
  ) {
    this.root = page.getByRole('region', { name: title });
    this.progress = this.root.getByRole('progressbar');
    this.failure = this.root.getByRole('alert');
  }

  readonly root: Locator;
  readonly progress: Locator;
  readonly failure: Locator;

  async open(): Promise<void> {
    await this.page.sidebar.openTab('tfenv-lab-panel');
    await expect(this.root).toBeVisible();
  }

  button(name: string | RegExp): Locator {
    return this.root.getByRole('button', {
      name,
      exact: typeof name === 'string'
    });
  }

  /** Open the new-environment form from the list. */
  async startNew(): Promise<void> {
    await this.button('New…').click();
    await expect(
      this.root.getByRole('heading', { name: 'New Environment' })
    ).toBeVisible();
  }

  /** Choose the newest release of the second newest minor version; return it and the newest. */
  async chooseOlder(): Promise<{ older: string; newest: string }> {
    const select = this.root.getByRole('combobox', { name: 'TensorFlow' });
    await expect(select).toBeVisible();
    const versions = await select
      .locator('option:not(:disabled)')
      .evaluateAll(options =>
        options.map(option => (option as HTMLOptionElement).value)
      );
    const minor = (version: string) => version.split('.').slice(0, 2).join('.');
    const [newest] = versions;
    const older = versions.find(version => minor(version) !== minor(newest));
    expect(
      older,
      `two releases are needed: ${versions.join(' ')}`
    ).toBeTruthy();
    await select.selectOption(older!);
    return { older: older!, newest };
  }

  /** Return the proposed name of the environment. */
  async name(): Promise<string> {
    return this.root
      .getByRole('textbox', { name: 'Name', exact: true })
      .inputValue();
  }

  /** Go from the form to a solved plan. */
  async review(): Promise<void> {
    await this.button('Review Plan…').click();
    await this.waitForPlan();
  }

  async waitForPlan(): Promise<void> {
    await expect(this.root.getByText(/\d packages?.* · adds /)).toBeVisible();
  }

  /** Find the plan's entry of a requested package, such as "2.19.1 → 2.20.0". */
  entry(name: string): Locator {
    return this.root.getByRole('row', { name: new RegExp(`^${name} `) });
  }

  /** Find the plan's entry of TensorFlow, whose project for the CPU has a name of its own. */
  get tensorflow(): Locator {
    return this.entry('tensorflow(-cpu)?');
  }

  row(name: string): Locator {
    return this.root
      .getByRole('listitem')
      .filter({ has: this.page.getByRole('button', { name, exact: true }) });
  }

  /** Find the notification with a text. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.Toastify__toast').filter({ hasText: text });
  }

  /** Create an environment through the REST API, for tests of what follows. */
  async create(request: { name: string; tensorflow: string }): Promise<void> {
    const { request: http } = this.page;
    const data = { kind: 'create', ...request };
    const plan = await (await http.post('/tfenv-lab/plans', { data })).json();
    const begun = await http.post('/tfenv-lab/jobs', {
      data: { plan: plan.id }
    });
    const { id } = await begun.json();
    await expect
      .poll(
        async () =>
          (await (await http.get(`/tfenv-lab/jobs/${id}`)).json()).state,
        { timeout: 300_000 }
      )
      .toBe('succeeded');
  }

  async jobs(): Promise<{ id: string; finished: string | null }[]> {
    const answer = await this.page.request.get('/tfenv-lab/jobs');
    return (await answer.json()).jobs;
  }

  /** Return the ids of the jobs that wait or run. */
  async unfinished(): Promise<string[]> {
    const jobs = await this.jobs();
    return jobs.filter(job => job.finished === null).map(job => job.id);
  }

  async environments(): Promise<{ id: string; name: string }[]> {
    const answer = await this.page.request.get('/tfenv-lab/environments');
    return (await answer.json()).environments;
  }

  async status(): Promise<IStatus> {
    return (await this.page.request.get('/tfenv-lab/status')).json();
  }

  /** Return the names of the kernels that the server lists. */
  async kernels(): Promise<string[]> {
    const answer = await this.page.request.get('/api/kernelspecs');
    return Object.keys((await answer.json()).kernelspecs);
  }
}
