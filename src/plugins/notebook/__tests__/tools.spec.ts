import { fireEvent, screen, waitFor, within } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { environment, plan } from '../../../__tests__/fixtures';
import { CommandIDs } from '../../../commandids';
import { toolsPlugin } from '../tools';

let app: FakeApp;

afterEach(() => app.dispose());

const shown = environment('tf219');
const path = `POST environments/${shown.id}/terminals`;
const args = { environment: shown.id };

/** Open JupyterLab with these commands, and return what they were called with. */
async function open(...ids: string[]): Promise<Map<string, unknown>> {
  const called = new Map<string, unknown>();
  app = await FakeApp.open([shown]);
  for (const id of ids) {
    app.commands.addCommand(id, {
      execute: given => {
        called.set(id, given);
      }
    });
  }
  app.activate(toolsPlugin, null, null, null);
  return called;
}

async function askForTensorBoard(): Promise<void> {
  void app.commands.execute(CommandIDs.openTensorBoard, args);
  const dialog = await screen.findByRole('dialog');
  fireEvent.change(await within(dialog).findByRole('textbox'), {
    target: { value: 'runs' }
  });
  fireEvent.click(within(dialog).getByRole('button', { name: 'Start' }));
}

it('opens the terminal that the server started', async () => {
  const called = await open('terminal:open');
  app.server.routes[path] = { name: '3' };
  await app.commands.execute(CommandIDs.openTerminal, args);
  expect(app.server.body(path)).toEqual({ logs: null });
  expect(called.get('terminal:open')).toEqual({ name: '3' });
});

it('offers no terminal where JupyterLab has none', async () => {
  await open();
  for (const id of [CommandIDs.openTerminal, CommandIDs.openTensorBoard]) {
    expect(app.commands.isVisible(id, args)).toBe(false);
  }
});

it("opens a console with the environment's kernel", async () => {
  const called = await open('console:create');
  await app.commands.execute(CommandIDs.openConsole, args);
  expect(called.get('console:create')).toEqual({
    kernelPreference: { name: shown.kernel?.name }
  });
});

it('starts TensorBoard on a directory of the file browser', async () => {
  const called = await open('terminal:open');
  app.server.routes[path] = { name: '4' };
  await askForTensorBoard();
  await waitFor(() =>
    expect(called.get('terminal:open')).toEqual({ name: '4' })
  );
  expect(app.server.body(path)).toEqual({ logs: 'runs' });
});

it('plans to install TensorBoard where it is missing', async () => {
  await open('terminal:open');
  const label = 'Install TensorBoard';
  const request = {
    kind: 'install' as const,
    environment: shown.id,
    specs: ['tensorboard']
  };
  app.server.routes[path] = {
    status: 400,
    body: {
      reason: 'invalid-request',
      message: 'TensorBoard is not installed in “tf219”.',
      hint: null,
      details: null,
      alternatives: [{ label, plan_request: request }]
    }
  };
  app.server.routes['POST plans'] = plan('tf219', { kind: 'install' });
  await askForTensorBoard();
  await waitFor(() =>
    expect(app.toasts).toEqual(['TensorBoard is not installed in “tf219”.'])
  );
  app.pressToast(label);
  await waitFor(() => expect(app.server.body('POST plans')).toEqual(request));
});
