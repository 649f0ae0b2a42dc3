import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { Environment, NotebookRecord } from '../../api/generated';
import { CommandIDs } from '../../commandids';
import { freeName } from '../../models/form/naming';
import {
  describeRecord,
  environmentOfKernel,
  fittingEnvironment,
  readRecord,
  RECORD_KEY,
  recreateRequest,
  renamedEnvironment
} from '../../models/notebook/notebookRecord';
import { EMPTY_DRAFT } from '../../models/state/navigation';
import { plan } from '../../plan';
import { ITfenvManager } from '../../tokens';

/** A notebook whose kernel is missing. */
interface IMissing {
  readonly notebook: NotebookPanel;
  /** Name of the kernelspec. */
  readonly kernel: string;
  /** Name of its environment. */
  readonly name: string;
  readonly record: NotebookRecord | null;
}

/** Plugin that reports a missing environment of a notebook, and recreates it. */
export const missingKernelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:missing-kernel',
  description:
    'Recreates the environment of a notebook whose kernel is missing.',
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
    const { commands, serviceManager, shell } = app;
    const { catalog, environments, navigation } = manager;

    const isMissing = (kernel: string): boolean => {
      const specs = serviceManager.kernelspecs.specs?.kernelspecs;
      return environmentOfKernel(kernel) !== null && !!specs && !specs[kernel];
    };

    /** Find a kernel by its name without case: only nb_conda_kernels keeps capitals. */
    const listedName = (kernel: string): string | undefined =>
      Object.keys(serviceManager.kernelspecs.specs?.kernelspecs ?? {}).find(
        name => name.toLowerCase() === kernel.toLowerCase()
      );

    /** Prevent JupyterLab from choosing or asking for a kernel before the missing one is reported. */
    const holdKernel = ({ sessionContext }: NotebookPanel): void => {
      sessionContext.kernelPreferenceChanged.connect((_, { newValue }) => {
        if (newValue.shouldStart !== false && isMissing(newValue.name ?? '')) {
          sessionContext.kernelPreference = { ...newValue, shouldStart: false };
        }
      });
    };

    /** Read the notebook's kernel before JupyterLab replaces it in the metadata. */
    const inspect = async (notebook: NotebookPanel): Promise<void> => {
      const { model } = notebook.context;
      const spec = model.getMetadata('kernelspec') as { name?: unknown } | null;
      const kernel = String(spec?.name ?? '');
      const name = environmentOfKernel(kernel);
      const record = readRecord(model.getMetadata(RECORD_KEY));
      const { kernelspecs } = serviceManager;
      await kernelspecs.ready;
      if (name === null || !isMissing(kernel)) {
        return;
      }
      // The kernel may have been registered after the last refresh.
      await kernelspecs.refreshSpecs();
      if (notebook.isDisposed) {
        return;
      }
      const listed = listedName(kernel);
      if (listed !== undefined) {
        await notebook.sessionContext.changeKernel({ name: listed });
        return;
      }
      await environments.refresh();
      const renamed = renamedEnvironment(
        environments.environments ?? [],
        kernel
      );
      if (renamed) {
        offer(notebook, renamed);
        return;
      }
      notify({ notebook, kernel, name: record?.name ?? name, record });
    };

    /** Offer the kernel of an environment to a notebook that has the kernel's old name. */
    const offer = (notebook: NotebookPanel, environment: Environment): void => {
      const { name } = environment;
      Notification.info(
        trans.__(
          '%1 uses the old name of %2.',
          PathExt.basename(notebook.context.path),
          name
        ),
        {
          autoClose: false,
          actions: [
            {
              label: trans.__('Switch to %1', name),
              displayType: 'accent',
              callback: () => void use(notebook, environment)
            }
          ]
        }
      );
    };

    const notify = (missing: IMissing): void => {
      const { notebook, kernel, record } = missing;
      const file = PathExt.basename(notebook.context.path);
      const message = record
        ? trans.__(
            '%1 uses the environment %2, which is not on this server.',
            file,
            describeRecord(record, trans)
          )
        : trans.__(
            '%1 uses the kernel %2, which is not on this server.',
            file,
            kernel
          );
      const other = fittingEnvironment(environments.environments ?? [], record);
      Notification.warning(message, {
        autoClose: false,
        actions: [
          {
            label: record
              ? trans.__('Recreate Environment…')
              : trans.__('Create Environment…'),
            displayType: 'accent',
            callback: () => void recreate(missing)
          },
          other
            ? {
                label: trans.__('Use %1', other.name),
                callback: () => void use(notebook, other)
              }
            : {
                label: trans.__('Choose Kernel…'),
                callback: () => {
                  shell.activateById(notebook.id);
                  void commands.execute('notebook:change-kernel');
                }
              }
        ]
      });
    };

    const recreate = async ({
      notebook,
      name,
      record
    }: IMissing): Promise<void> => {
      if (record) {
        navigation.origin = { notebook: notebook.id, cell: null };
        await plan(commands, recreateRequest(record, environments.names));
        return;
      }
      navigation.draft = {
        ...EMPTY_DRAFT,
        name: freeName(name, environments.names)
      };
      await commands.execute(CommandIDs.newEnvironment, {
        notebook: notebook.id
      });
      void catalog.load();
    };

    const use = async (
      notebook: NotebookPanel,
      { kernel }: Environment
    ): Promise<void> => {
      await serviceManager.kernelspecs.refreshSpecs();
      if (kernel && !notebook.isDisposed) {
        await notebook.sessionContext.changeKernel({ name: kernel.name });
      }
    };

    tracker.widgetAdded.connect((_, notebook) => {
      holdKernel(notebook);
      void notebook.context.ready.then(() => inspect(notebook));
    });
  }
};
