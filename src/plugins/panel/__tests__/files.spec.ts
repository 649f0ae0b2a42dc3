import { ServerConnection } from '@jupyterlab/services';
import { fireEvent, screen, waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { FakeServer } from '../../../__tests__/fakeServer';
import { environment, plan, STATUS } from '../../../__tests__/fixtures';
import type { ExportFormat } from '../../../api/generated';
import { CommandIDs } from '../../../commandids';

const TEXT = 'name: mine\ndependencies:\n- numpy\n';

let app: FakeApp;

beforeEach(async () => {
  app = await FakeApp.open([environment('tf219')]);
  recognized('environment-yml', 'mine');
});

afterEach(() => app.dispose());

function textFile(name: string, text: string, size = text.length): File {
  // jsdom's files have no text().
  return { name, size, text: async () => text } as unknown as File;
}

/** Set what the server says about every text. */
function recognized(
  format: ExportFormat | null,
  name: string,
  message: string | null = null
): void {
  app.server.routes['POST files'] = { format, name, message };
}

function drop(file: File): void {
  fireEvent.drop(app.panel!.node, {
    dataTransfer: { types: ['Files'], files: [file] }
  });
}

async function field<T extends HTMLElement>(name: string): Promise<T> {
  return screen.findByRole<T>('textbox', { name });
}

describe('an environment from a file', () => {
  it('is planned from a file that is dropped on the panel', async () => {
    app.server.routes['POST plans'] = plan('mine');
    drop(textFile('environment.yml', TEXT));
    expect((await field<HTMLTextAreaElement>('File')).value).toBe(TEXT);
    await screen.findByDisplayValue('mine');
    screen.getByText(
      /^environment.yml · environment.yml: packages are solved for this machine$/
    );
    expect(app.server.body('POST files')).toEqual({
      content: TEXT,
      name: 'environment.yml'
    });
    fireEvent.click(screen.getByRole('button', { name: 'Review Plan…' }));
    await screen.findByRole('heading', { name: 'Review: mine' });
    expect(app.server.body('POST plans')).toEqual({
      kind: 'import',
      name: 'mine',
      content: TEXT,
      format: null
    });
  });

  it('is planned from pasted text, under the typed name', async () => {
    app.server.routes['POST plans'] = plan('other');
    await app.commands.execute(CommandIDs.importEnvironment);
    const review = await screen.findByRole<HTMLButtonElement>('button', {
      name: 'Review Plan…'
    });
    expect(review.disabled).toBe(true);
    recognized('explicit', 'imported');
    fireEvent.change(await field('File'), { target: { value: '@EXPLICIT\n' } });
    await screen.findByText('Explicit list: exact packages');
    fireEvent.change(await field('Name'), { target: { value: 'other' } });
    await screen.findByDisplayValue('other');
    fireEvent.click(screen.getByRole('button', { name: 'Review Plan…' }));
    await waitFor(() =>
      expect(app.server.body('POST plans')).toMatchObject({
        name: 'other',
        content: '@EXPLICIT\n'
      })
    );
  });

  it('shows why a text cannot be imported', async () => {
    recognized(null, 'imported', 'The file is for osx-arm64.');
    await app.commands.execute(CommandIDs.importEnvironment, { content: 'x' });
    await screen.findByText('The file is for osx-arm64.');
    await screen.findByDisplayValue('imported');
  });

  it('is proposed a name that is not taken', async () => {
    recognized('environment-yml', 'tf219');
    drop(textFile('environment.yml', TEXT));
    await screen.findByDisplayValue('tf219-2');
  });

  it('asks the server once for a text that is typed', async () => {
    await app.commands.execute(CommandIDs.importEnvironment);
    for (const text of ['na', 'name: a', TEXT]) {
      fireEvent.change(await field('File'), { target: { value: text } });
      await screen.findByDisplayValue(
        (_, element) => (element as HTMLTextAreaElement).value === text
      );
    }
    await screen.findByDisplayValue('mine');
    const asked = app.server.calls.filter(call => call === 'POST files');
    expect(asked).toHaveLength(1);
  });

  it('needs a name of its own if the server does not answer', async () => {
    delete app.server.routes['POST files'];
    drop(textFile('environment.yml', TEXT));
    await waitFor(() => expect(app.server.calls).toContain('POST files'));
    expect((await field<HTMLInputElement>('Name')).value).toBe('');
    const review = screen.getByRole<HTMLButtonElement>('button', {
      name: 'Review Plan…'
    });
    expect(review.disabled).toBe(true);
    fireEvent.change(await field('Name'), { target: { value: 'own' } });
    await waitFor(() => expect(review.disabled).toBe(false));
  });

  it('rejects a file that is too large', async () => {
    await app.manager.status.refresh();
    drop(textFile('huge.yml', TEXT, 50e6));
    await waitFor(() =>
      expect(app.toasts).toEqual([
        '“huge.yml” is too large to import: 50 MB. The limit is 5 MB.'
      ])
    );
    expect(screen.queryByRole('textbox', { name: 'File' })).toBeNull();
  });

  it('can be chosen from the new-environment form', async () => {
    fireEvent.click(await screen.findByRole('button', { name: 'New…' }));
    fireEvent.click(
      await screen.findByRole('button', { name: 'Import from File…' })
    );
    await screen.findByRole('heading', { name: 'Import Environment' });
    fireEvent.change(screen.getByLabelText('Choose File…'), {
      target: { files: [textFile('tf.explicit.txt', '@EXPLICIT\n')] }
    });
    await screen.findByDisplayValue('mine');
    expect(app.server.body('POST files')).toMatchObject({
      name: 'tf.explicit.txt'
    });
  });

  it('is planned from a file in the file browser', async () => {
    app.contents.files['work/environment.yml'] = TEXT;
    await app.commands.execute(CommandIDs.importFile, {
      path: 'work/environment.yml'
    });
    expect((await field<HTMLTextAreaElement>('File')).value).toBe(TEXT);
  });

  it('is planned from a file that is dragged from the file browser', async () => {
    app.contents.files['work/environment.yml'] = TEXT;
    const drag = Object.assign(new Event('lm-drop'), {
      mimeData: {
        hasData: (type: string) => type === 'application/x-jupyter-icontents',
        getData: () => ['work/environment.yml']
      }
    });
    app.panel!.node.dispatchEvent(drag);
    expect((await field<HTMLTextAreaElement>('File')).value).toBe(TEXT);
  });

  it('is offered only for such files, in any folder', async () => {
    await app.manager.status.refresh();
    const isOffered = (path: string): boolean =>
      app.commands.isVisible(CommandIDs.importFile, { path });
    expect(isOffered('my work/environment.yml')).toBe(true);
    expect(isOffered('environments/notes.md')).toBe(false);
  });

  it('is offered before the panel is opened', async () => {
    const closed = new FakeApp(new FakeServer({ 'GET status': STATUS }));
    await waitFor(() =>
      expect(
        closed.commands.isVisible(CommandIDs.importFile, { path: 'pixi.lock' })
      ).toBe(true)
    );
    closed.dispose();
  });

  it('reports a file that is not a text file', async () => {
    const response = new Response('', { status: 400 });
    app.contents.error = new ServerConnection.ResponseError(response);
    await app.commands.execute(CommandIDs.importFile, { path: 'work/a.lock' });
    expect(app.toasts).toEqual(['“a.lock” is not a text file.']);
  });

  it('shows why a file cannot be read', async () => {
    app.contents.error = new Error('Permission denied.');
    await app.commands.execute(CommandIDs.importFile, { path: 'work/a.lock' });
    expect(app.toasts).toEqual(['“a.lock” cannot be read: Permission denied.']);
  });
});

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

  it('is saved in the folder of the file browser without overwriting a file', async () => {
    app.contents.folder = 'work';
    app.contents.files['work/tf219.explicit.txt'] = 'mine';
    await choose('Save in Folder');
    expect(app.contents.files).toEqual({
      'work/tf219.explicit.txt': 'mine',
      'work/tf219-2.explicit.txt': '@EXPLICIT\n'
    });
    expect(app.toasts).toEqual(['Saved as work/tf219-2.explicit.txt.']);
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
