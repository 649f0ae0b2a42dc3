import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { fileUploadIcon } from '@jupyterlab/ui-components';

import type { IFailure } from '../../api/request';
import { toFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import { askExport } from '../../dialogs/exportEnvironment';
import { notifyFailure, notifyGone } from '../../dialogs/failureDetails';
import { ITfenvManager } from '../../tokens';
import { EnvironmentFiles, readText } from './environmentFiles';
import { ENVIRONMENT_ARGS, environmentFinder } from './environmentCommands';

/** Plugin with the commands that export environments to files and import such files. */
export const filesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfenv-lab:files',
  description: 'Exports environments to files, and imports such files.',
  autoStart: true,
  requires: [ITfenvManager],
  optional: [ITranslator, ICommandPalette, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    manager: ITfenvManager,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('tfenv_lab');
    const { commands, serviceManager } = app;
    const { environments, navigation, plans, status } = manager;
    const find = environmentFinder(app, manager);

    commands.addCommand(CommandIDs.exportEnvironment, {
      label: trans.__('Export…'),
      caption: trans.__('Write the environment to a file'),
      describedBy: ENVIRONMENT_ARGS,
      isEnabled: args => find(args) !== undefined,
      execute: async args => {
        const environment = find(args);
        if (!environment) {
          notifyGone(trans);
          return;
        }
        const folder = browsers?.tracker.currentWidget?.model.path ?? null;
        const choice = await askExport(
          environment,
          status.status?.exporters ?? [],
          folder,
          trans
        );
        if (!choice) {
          return;
        }
        const { format, specs, fileName } = choice.kind;
        const name = fileName(environment.name);
        try {
          const { client } = environments;
          const text = await client.export(environment.id, format, specs);
          if (choice.to === 'download') {
            download(name, text);
          } else {
            const path = await freePath(PathExt.join(folder ?? '', name));
            await serviceManager.contents.save(path, {
              type: 'file',
              format: 'text',
              content: text
            });
            showSaved(path);
          }
        } catch (error) {
          notifyFailure(environment.name, toFailure(error), trans);
        }
      }
    });

    /** Say where a file was saved, and offer to show it there. */
    const showSaved = (path: string): void => {
      const message = trans.__(
        '“%1” is saved in the folder “%2” of the file browser.',
        PathExt.basename(path),
        `/${PathExt.dirname(path)}`
      );
      const label = trans.__('Show File');
      const show = (): void => {
        void commands.execute('filebrowser:go-to-path', { path });
      };
      Notification.success(message, {
        autoClose: 10000,
        actions: commands.hasCommand('filebrowser:go-to-path')
          ? [{ label, callback: show }]
          : []
      });
    };

    /** Return a path that does not exist, so that no file is overwritten. */
    const freePath = async (path: string): Promise<string> => {
      const folder = await serviceManager.contents.get(PathExt.dirname(path));
      const taken = new Set(
        (folder.content as { path: string }[]).map(item => item.path)
      );
      const ending =
        /((?:\.all)?\.environment\.yml|\.[\w-]+\.\w+)$/.exec(path)?.[0] ?? '';
      const stem = path.slice(0, path.length - ending.length);
      let found = path;
      for (let i = 2; taken.has(found); i++) {
        found = `${stem}-${i}${ending}`;
      }
      return found;
    };

    commands.addCommand(CommandIDs.importEnvironment, {
      label: trans.__('Import Environment…'),
      caption: trans.__('Create an environment from a file'),
      icon: fileUploadIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            content: { type: 'string', description: 'Text of the file.' },
            fileName: { type: 'string', description: 'Name of the file.' }
          }
        }
      },
      execute: async args => {
        await commands.execute(CommandIDs.openPanel);
        if (typeof args.content === 'string') {
          navigation.importDraft = {
            content: args.content,
            fileName: args.fileName ? String(args.fileName) : null,
            name: null,
            choice: {}
          };
        }
        navigation.open({ name: 'import' });
      }
    });

    const files = new EnvironmentFiles(
      serviceManager.contents,
      (content, name) => plans.recognize(content, name),
      () => status.status?.limits ?? null,
      () => {
        // A menu that is open shows the command as soon as it applies.
        if (app.contextMenu?.menu.isAttached) {
          app.contextMenu.menu.update();
        }
      }
    );

    /** Return the file that is selected in the file browser. */
    const selected = (): Contents.IModel | undefined =>
      browsers?.tracker.currentWidget?.selectedItems().next().value;

    commands.addCommand(CommandIDs.importFile, {
      label: trans.__('Create Environment from File…'),
      caption: trans.__('Plan the environment that the file describes'),
      icon: fileUploadIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: {
              type: 'string',
              description:
                'Path of the file; defaults to the one selected in the file browser.'
            }
          }
        }
      },
      isVisible: args => args.path !== undefined || files.has(selected()),
      execute: async args => {
        const path = String(args.path ?? selected()?.path);
        const fileName = PathExt.basename(path);
        try {
          await commands.execute(CommandIDs.importEnvironment, {
            content: await readText(serviceManager.contents, path),
            fileName
          });
        } catch (error) {
          notifyFailure(fileName, unreadable(fileName, error), trans);
        }
      }
    });

    /** Describe why a file could not be read. */
    const unreadable = (fileName: string, error: unknown): IFailure => {
      // The server's answer to a request for the text of a file that is not encoded in UTF-8.
      const isBinary =
        error instanceof ServerConnection.ResponseError &&
        error.response.status === 400;
      const { reason, message, hint, details } = toFailure(error);
      return isBinary
        ? {
            reason,
            message: trans.__('“%1” is not a text file.', fileName),
            hint: null,
            details: message
          }
        : {
            reason,
            message: trans.__('“%1” cannot be read: %2', fileName, message),
            hint,
            details
          };
    };

    if (browsers) {
      // The file browser needs the server's rules for files before the panel is opened.
      void status.refresh();
      browsers.tracker.forEach(browser => files.watch(browser));
      browsers.tracker.widgetAdded.connect((_, browser) =>
        files.watch(browser)
      );
    }
    const category = trans.__('TensorFlow Environments');
    palette?.addItem({ command: CommandIDs.importEnvironment, category });
  }
};

/** Have the web browser save a text under a name. */
function download(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
