import { waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { FakeServer } from '../../../__tests__/fakeServer';
import {
  environment,
  ENVIRONMENT_YML,
  recognized,
  STATUS
} from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';

let app: FakeApp;

beforeEach(async () => {
  app = await FakeApp.open([environment('tf219')]);
  app.recognize('environment-yml', 'mine');
});

afterEach(() => app.dispose());

describe('the menu of the file browser', () => {
  const isOffered = (): boolean =>
    app.commands.isVisible(CommandIDs.importFile);
  const reads = (): number =>
    app.server.calls.filter(call => call === 'POST files').length;

  beforeEach(() => app.manager.status.refresh());

  it('offers a file whose contents describe an environment', async () => {
    app.contents.select('work/tf.txt', ENVIRONMENT_YML);
    await waitFor(() => expect(isOffered()).toBe(true));
    expect(app.server.body('POST files')).toEqual({
      content: ENVIRONMENT_YML,
      name: 'tf.txt'
    });
  });

  it('leaves out a file with other contents', async () => {
    app.recognize(null, 'imported', { message: 'The file is something else.' });
    app.contents.select('work/docker-compose.yml', 'services: {}\n');
    await waitFor(() => expect(reads()).toBe(1));
    expect(isOffered()).toBe(false);
  });

  it('leaves out a file that can be imported but is something else', async () => {
    app.recognize('requirements', 'labels', { offered: false });
    app.contents.select('work/labels.txt', 'cat\ndog\n');
    await waitFor(() => expect(reads()).toBe(1));
    expect(isOffered()).toBe(false);
  });

  it('reads a file once, and again after it changed', async () => {
    app.contents.select('work/tf.yml', ENVIRONMENT_YML);
    await waitFor(() => expect(isOffered()).toBe(true));
    app.contents.select('work/tf.yml', ENVIRONMENT_YML);
    expect(isOffered()).toBe(true);
    app.recognize(null, 'imported', { message: 'The file is empty.' });
    app.contents.select('work/tf.yml', '');
    expect(isOffered()).toBe(false);
    await waitFor(() => expect(reads()).toBe(2));
  });

  it('looks at a file below the pointer before it is selected', async () => {
    app.contents.point('work/tf.yml', ENVIRONMENT_YML);
    await waitFor(() => expect(reads()).toBe(1));
    app.contents.select('work/tf.yml', ENVIRONMENT_YML);
    expect(isOffered()).toBe(true);
  });

  it('looks at the file of the menu in a file browser that does not report selections', async () => {
    app.contents.openOlderMenu('work/tf.yml', ENVIRONMENT_YML);
    await waitFor(() => expect(reads()).toBe(1));
    app.contents.select('work/tf.yml', ENVIRONMENT_YML);
    expect(isOffered()).toBe(true);
  });

  it('does not read other kinds of files, folders and large files', async () => {
    app.contents.select('work/model.keras', ENVIRONMENT_YML);
    app.contents.select('work/yarn.lock', ENVIRONMENT_YML);
    app.contents.select('work/large.txt', 'x'.repeat(5e6 + 1));
    app.contents.select('work.yml', ENVIRONMENT_YML, 'directory');
    app.contents.select('work/tf.yml', ENVIRONMENT_YML);
    await waitFor(() => expect(isOffered()).toBe(true));
    expect(reads()).toBe(1);
  });

  it('reads a file again after an error', async () => {
    app.contents.error = new Error('The drive does not answer.');
    app.contents.select('work/tf.yml', ENVIRONMENT_YML);
    await waitFor(() => expect(app.contents.reads).toBe(1));
    app.contents.error = null;
    app.contents.select('work/tf.yml', ENVIRONMENT_YML);
    await waitFor(() => expect(isOffered()).toBe(true));
  });

  it('works before the panel is opened', async () => {
    const routes = {
      'GET status': STATUS,
      'POST files': recognized('pixi-lock', 'x')
    };
    const closed = new FakeApp(new FakeServer(routes));
    await waitFor(() => expect(closed.manager.status.status).not.toBeNull());
    closed.contents.select('pixi.lock', 'version: 6\n');
    await waitFor(() =>
      expect(closed.commands.isVisible(CommandIDs.importFile)).toBe(true)
    );
    closed.dispose();
  });
});
