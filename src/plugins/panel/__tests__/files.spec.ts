import { ServerConnection } from '@jupyterlab/services';
import { fireEvent, screen, waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { failure } from '../../../__tests__/fakeServer';
import {
  environment,
  ENVIRONMENT_YML,
  plan
} from '../../../__tests__/fixtures';
import type { RecognizedFile } from '../../../api/generated';
import { CommandIDs } from '../../../commandids';

let app: FakeApp;

beforeEach(async () => {
  app = await FakeApp.open([environment('tf219')]);
  app.recognize('environment-yml', 'mine');
});

afterEach(() => app.dispose());

function textFile(name: string, text: string, size = text.length): File {
  // jsdom's files have no text().
  return { name, size, text: async () => text } as unknown as File;
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
    drop(textFile('environment.yml', ENVIRONMENT_YML));
    expect((await field<HTMLTextAreaElement>('File')).value).toBe(
      ENVIRONMENT_YML
    );
    await screen.findByDisplayValue('mine');
    screen.getByText(
      /^environment.yml · environment.yml: packages are solved for this machine$/
    );
    expect(app.server.body('POST files')).toEqual({
      content: ENVIRONMENT_YML,
      name: 'environment.yml'
    });
    fireEvent.click(screen.getByRole('button', { name: 'Review Plan…' }));
    await screen.findByRole('heading', { name: 'Review: mine' });
    expect(app.server.body('POST plans')).toEqual({
      kind: 'import',
      name: 'mine',
      content: ENVIRONMENT_YML,
      format: null,
      file: 'environment.yml'
    });
  });

  it('is planned from pasted text, under the typed name', async () => {
    app.server.routes['POST plans'] = plan('other');
    await app.commands.execute(CommandIDs.importEnvironment);
    const review = await screen.findByRole<HTMLButtonElement>('button', {
      name: 'Review Plan…'
    });
    expect(review.disabled).toBe(true);
    app.recognize('explicit', 'imported');
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
    app.recognize(null, 'imported', { message: 'The file is for osx-arm64.' });
    await app.commands.execute(CommandIDs.importEnvironment, { content: 'x' });
    await screen.findByText('The file is for osx-arm64.');
    await screen.findByDisplayValue('imported');
  });

  it('is planned by a way on that an error offers', async () => {
    const builds = {
      kind: 'import',
      name: 'mine',
      content: ENVIRONMENT_YML,
      builds: 'names'
    };
    const { status, body } = failure(422, 'unsatisfiable', 'No solution.');
    const label = 'Keep only the names';
    app.server.routes['POST plans'] = {
      status,
      body: { ...body, alternatives: [{ label, plan_request: builds }] }
    };
    drop(textFile('environment.yml', ENVIRONMENT_YML));
    await screen.findByDisplayValue('mine');
    fireEvent.click(screen.getByRole('button', { name: 'Review Plan…' }));
    const way = await screen.findByRole('button', { name: label });
    app.server.routes['POST plans'] = plan('mine');
    fireEvent.click(way);
    await waitFor(() => expect(app.server.body('POST plans')).toEqual(builds));
    fireEvent.click(await screen.findByRole('button', { name: 'Back' }));
    expect((await field<HTMLTextAreaElement>('File')).value).toBe(
      ENVIRONMENT_YML
    );
  });

  it('is proposed a name that is not taken', async () => {
    app.recognize('environment-yml', 'tf219');
    drop(textFile('environment.yml', ENVIRONMENT_YML));
    await screen.findByDisplayValue('tf219-2');
  });

  it('asks the server once for a text that is typed', async () => {
    await app.commands.execute(CommandIDs.importEnvironment);
    const file = await field('File');
    for (const value of ['na', 'name: a', ENVIRONMENT_YML]) {
      fireEvent.change(file, { target: { value } });
    }
    await screen.findByDisplayValue('mine');
    const asked = app.server.calls.filter(call => call === 'POST files');
    expect(asked).toHaveLength(1);
  });

  it('needs a name of its own if the server does not answer', async () => {
    delete app.server.routes['POST files'];
    drop(textFile('environment.yml', ENVIRONMENT_YML));
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
    drop(textFile('huge.yml', ENVIRONMENT_YML, 50e6));
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
    app.contents.files['work/environment.yml'] = ENVIRONMENT_YML;
    await app.commands.execute(CommandIDs.importFile, {
      path: 'work/environment.yml'
    });
    expect((await field<HTMLTextAreaElement>('File')).value).toBe(
      ENVIRONMENT_YML
    );
  });

  it('is planned from a file that is dragged from the file browser', async () => {
    app.contents.files['work/environment.yml'] = ENVIRONMENT_YML;
    const drag = Object.assign(new Event('lm-drop'), {
      mimeData: {
        hasData: (type: string) => type === 'application/x-jupyter-icontents',
        getData: () => ['work/environment.yml']
      }
    });
    app.panel!.node.dispatchEvent(drag);
    expect((await field<HTMLTextAreaElement>('File')).value).toBe(
      ENVIRONMENT_YML
    );
  });

  it('reads a file that is not in UTF-8 byte by byte', async () => {
    app.contents.files['work/environment.yml'] = 'n\0a\0m\0e\0';
    app.contents.notUtf8 = true;
    await app.commands.execute(CommandIDs.importFile, {
      path: 'work/environment.yml'
    });
    expect((await field<HTMLTextAreaElement>('File')).value).toBe(
      'n\0a\0m\0e\0'
    );
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

describe('the choices in a file', () => {
  async function request(): Promise<unknown> {
    app.server.routes['POST plans'] = plan('mine');
    fireEvent.click(screen.getByRole('button', { name: 'Review Plan…' }));
    await screen.findByRole('heading', { name: 'Review: mine' });
    return app.server.body('POST plans');
  }

  async function open(more: Partial<RecognizedFile>): Promise<void> {
    app.recognize('pixi-lock', 'mine', more);
    drop(textFile('pixi.lock', ENVIRONMENT_YML));
    await screen.findByDisplayValue('mine');
  }

  it('are not shown if there is only one', async () => {
    await open({ environments: ['default'], platforms: ['linux-64'] });
    expect(screen.queryByRole('combobox')).toBeNull();
    expect(screen.queryByRole('radio')).toBeNull();
    expect(screen.queryByRole('checkbox')).toBeNull();
  });

  it('are the environments of a lock, with the default said', async () => {
    await open({ environments: ['cpu', 'gpu'] });
    const select = screen.getByLabelText<HTMLSelectElement>(
      'Environment in the file'
    );
    expect(Array.from(select.options, each => each.text)).toEqual([
      'cpu (default)',
      'gpu'
    ]);
    fireEvent.change(select, { target: { value: 'gpu' } });
    await waitFor(() => expect(select.value).toBe('gpu'));
    expect(await request()).toMatchObject({ lock_environment: 'gpu' });
  });

  it('are the categories of a lock, of which several can be chosen', async () => {
    await open({ categories: ['main', 'dev', 'docs'] });
    const box = (name: string): HTMLInputElement =>
      screen.getByRole<HTMLInputElement>('checkbox', { name });
    expect(box('main (default)').checked).toBe(true);
    fireEvent.click(box('docs'));
    await waitFor(() => expect(box('docs').checked).toBe(true));
    expect(await request()).toMatchObject({ categories: ['main', 'docs'] });
  });

  it('are how much of each spec counts', async () => {
    await open({ builds: ['exact', 'versions', 'names'] });
    fireEvent.click(screen.getByRole('radio', { name: 'Versions' }));
    await waitFor(() =>
      expect(
        screen.getByRole<HTMLInputElement>('radio', { name: 'Versions' })
          .checked
      ).toBe(true)
    );
    expect(await request()).toMatchObject({ builds: 'versions' });
  });

  it('have a default for a lock of another platform, which says so', async () => {
    const message = 'This lock is not for linux-64.';
    await open({ builds: ['versions', 'names'], message });
    screen.getByText(new RegExp(message));
    expect(await request()).toMatchObject({ builds: 'versions' });
  });

  it('are a CUDA version if the file needs one and the machine has none', async () => {
    await open({ needs_cuda: true });
    const select = await screen.findByLabelText<HTMLSelectElement>(
      'CUDA version of the driver'
    );
    expect(select.options[0].text).toBe('From the file, or the newest');
    const version = select.options[1].value;
    fireEvent.change(select, { target: { value: version } });
    await waitFor(() => expect(select.value).toBe(version));
    expect(await request()).toMatchObject({ cuda: version });
  });

  it('stay as they are when the review closes', async () => {
    await open({ environments: ['default', 'gpu'] });
    fireEvent.change(screen.getByLabelText('Environment in the file'), {
      target: { value: 'gpu' }
    });
    fireEvent.change(await field('Name'), { target: { value: 'mine' } });
    await request();
    fireEvent.click(screen.getByRole('button', { name: 'Back' }));
    await waitFor(() =>
      expect(
        screen.getByLabelText<HTMLSelectElement>('Environment in the file')
          .value
      ).toBe('gpu')
    );
    expect((await field<HTMLTextAreaElement>('File')).value).toBe(
      ENVIRONMENT_YML
    );
  });
});
