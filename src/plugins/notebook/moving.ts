import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { Environment, Job } from '../../api/generated';
import { isActive } from '../../models/state/job';
import type { IOrigin } from '../../models/state/navigation';
import { ITfenvManager } from '../../tokens';

/** Milliseconds after which a notification closes. */
const CLOSE_AFTER = 30_000;

/** Plugin that moves notebooks to the environments that were made for them, and to renamed ones. */
export const movingPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:moving',
  description: 'Gives notebooks the kernels of new and renamed environments.',
  autoStart: true,
  requires: [ITfenvManager, INotebookTracker],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    tracker: INotebookTracker,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { environments, jobs, navigation, plans } = manager;
    /** The notebooks that wait for an environment, by its prefix; a failed job can be repeated. */
    const waiting = new Map<string, IOrigin>();
    /** The kernels of the environments that are being renamed, by the id of the job. */
    const renamed = new Map<string, string>();

    const follow = (job: Job): void => {
      const { origin } = navigation;
      if (origin && creates(job) && plans.plan?.prefix === job.prefix) {
        waiting.set(job.prefix, origin);
      }
      if (job.request?.kind === 'rename' && !renamed.has(job.id)) {
        const before = environments.get(job.request.environment);
        if (before?.kernel) {
          renamed.set(job.id, before.kernel.name);
        }
      }
    };

    const moveTo = async (
      { kernel }: Environment,
      notebooks: readonly NotebookPanel[]
    ): Promise<void> => {
      await app.serviceManager.kernelspecs.refreshSpecs();
      for (const notebook of notebooks) {
        if (kernel && !notebook.isDisposed) {
          await notebook.sessionContext.changeKernel({ name: kernel.name });
        }
      }
    };

    /** Move a notebook to the environment that was made for it, and offer to run its failed cell. */
    const arrive = async (job: Job, origin: IOrigin): Promise<void> => {
      await environments.refresh();
      const environment = environments.byPrefix(job.prefix);
      const notebook = tracker.find(item => item.id === origin.notebook);
      if (!environment?.kernel || !notebook) {
        return;
      }
      await moveTo(environment, [notebook]);
      const { content, context, sessionContext } = notebook;
      const failed = (): NotebookPanel['content']['activeCell'] =>
        content.widgets.find(cell => cell.model.id === origin.cell) ?? null;
      if (origin.cell === null || !failed()) {
        return;
      }
      Notification.success(
        trans.__(
          '%1 now uses %2.',
          PathExt.basename(context.path),
          environment.name
        ),
        {
          autoClose: CLOSE_AFTER,
          actions: [
            {
              label: trans.__('Run Cell Again'),
              displayType: 'accent',
              callback: () => {
                const cell = failed();
                if (cell) {
                  // JupyterLab 4.0 can run only the selected cells.
                  content.deselectAll();
                  content.activeCellIndex = content.widgets.indexOf(cell);
                  void NotebookActions.run(content, sessionContext);
                }
              }
            }
          ]
        }
      );
    };

    /** Offer the new kernel to the open notebooks of a renamed environment. */
    const offer = async (job: Job, kernel: string): Promise<void> => {
      await environments.refresh();
      const environment = environments.byPrefix(job.prefix);
      const notebooks = tracker.filter(item => kernelOf(item) === kernel);
      if (!environment?.kernel || notebooks.length === 0) {
        return;
      }
      const names = notebooks.map(item => PathExt.basename(item.context.path));
      Notification.info(
        trans._n(
          '%2 uses the old name of %3.',
          '%2 use the old name of %3.',
          notebooks.length,
          names.join(', '),
          environment.name
        ),
        {
          autoClose: false,
          actions: [
            {
              label: trans.__('Switch to %1', environment.name),
              displayType: 'accent',
              callback: () => void moveTo(environment, notebooks)
            }
          ]
        }
      );
    };

    const onFinished = (job: Job): void => {
      const origin = waiting.get(job.prefix);
      const kernel = renamed.get(job.id);
      renamed.delete(job.id);
      if (job.state !== 'succeeded') {
        return;
      }
      if (origin && creates(job)) {
        waiting.delete(job.prefix);
        void arrive(job, origin);
      }
      if (kernel !== undefined) {
        void offer(job, kernel);
      }
    };

    jobs.jobChanged.connect((_, job) => {
      if (isActive(job)) {
        follow(job);
      }
    });
    jobs.jobFinished.connect((_, job) => onFinished(job));
  }
};

function creates(job: Job): boolean {
  return job.kind === 'create' || job.kind === 'import';
}

/** Return the name of a notebook's kernel, which its metadata has even if the kernel was shut down. */
function kernelOf({ context, sessionContext }: NotebookPanel): unknown {
  const spec = context.model.getMetadata('kernelspec') as {
    name?: unknown;
  } | null;
  return sessionContext.session?.kernel?.name ?? spec?.name;
}
