import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, screen } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { environment, STATUS } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';
import { exportKinds } from '../../../models/form/files';

let app: FakeApp;

beforeEach(async () => {
  app = await FakeApp.open([environment('tf219')]);
});

afterEach(() => app.dispose());

describe('an environment as a file', () => {
  const explicit =
    'GET environments/id-tf219/export?format=explicit&specs=requested';

  async function choose(button: string): Promise<void> {
    const done = app.commands.execute(CommandIDs.exportEnvironment, {
      environment: 'id-tf219'
    });
    const select = await screen.findByRole('combobox', {
      name: 'File format'
    });
    fireEvent.change(select, { target: { value: '2' } });
    await screen.findByText('tf219.explicit.txt');
    fireEvent.click(screen.getByRole('button', { name: button }));
    await done;
  }

  beforeEach(() => {
    app.server.routes[explicit] = '@EXPLICIT\n';
  });

  it('has a format that an extension of the server adds', async () => {
    app.server.routes['GET status'] = { ...STATUS, exporters: ['site list'] };
    await app.manager.status.refresh();
    app.server.routes[
      'GET environments/id-tf219/export?format=site+list&specs=requested'
    ] = 'tf219\n';
    const done = app.commands.execute(CommandIDs.exportEnvironment, {
      environment: 'id-tf219'
    });
    const select = await screen.findByRole('combobox', { name: 'File format' });
    const added = screen.getByRole<HTMLOptionElement>('option', {
      name: 'site list: by an extension of the server'
    });
    fireEvent.change(select, { target: { value: added.value } });
    await screen.findByText('tf219.site-list.txt');
    fireEvent.click(screen.getByRole('button', { name: 'Save in Folder' }));
    await done;
    expect(app.contents.files).toEqual({ 'tf219.site-list.txt': 'tf219\n' });
  });

  it('is saved in the folder of the file browser without overwriting a file', async () => {
    app.contents.folder = 'work';
    app.contents.files['work/tf219.explicit.txt'] = 'mine';
    await choose('Save in Folder');
    expect(app.contents.files).toEqual({
      'work/tf219.explicit.txt': 'mine',
      'work/tf219-2.explicit.txt': '@EXPLICIT\n'
    });
    expect(app.toasts).toEqual([
      '“tf219-2.explicit.txt” is saved in the folder “/work” of the file browser.'
    ]);
    const shown: unknown[] = [];
    expect(app.toastActions).toEqual([]);
    app.commands.addCommand('filebrowser:go-to-path', {
      execute: args => {
        shown.push(args.path);
      }
    });
    await choose('Save in Folder');
    app.pressToast('Show File');
    expect(shown).toEqual(['work/tf219-3.explicit.txt']);
  });

  it('has a name of its own for each format', () => {
    const names = exportKinds(nullTranslator.load('')).map(kind =>
      kind.fileName('tf219')
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('of a deleted environment says that it is gone', async () => {
    const args = { environment: 'id-other' };
    await app.commands.execute(CommandIDs.exportEnvironment, args);
    expect(app.toasts).toEqual(['This environment no longer exists.']);
  });

  it('is downloaded', async () => {
    const saved: string[] = [];
    Object.assign(URL, {
      createObjectURL: () => 'blob:x',
      revokeObjectURL: () => undefined
    });
    const click = jest
      .spyOn(HTMLAnchorElement.prototype, 'click')
      .mockImplementation(function (this: HTMLAnchorElement) {
        saved.push(this.download);
      });
    await choose('Download');
    click.mockRestore();
    expect(saved).toEqual(['tf219.explicit.txt']);
  });

  it('shows the error of the server', async () => {
    delete app.server.routes[explicit];
    await choose('Download');
    expect(app.toasts).toEqual(['No such path.']);
  });
});
