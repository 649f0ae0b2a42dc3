import type { ISessionContext } from '@jupyterlab/apputils';
import { Toolbar } from '@jupyterlab/apputils';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { waitFor } from '@testing-library/react';

import { FakeApp } from '../../../__tests__/fakeApp';
import { FakeNotebook } from '../../../__tests__/fakeNotebook';
import { FakeServer } from '../../../__tests__/fakeServer';

let app: FakeApp;
let item: Widget;

afterEach(() => {
  app.dispose();
  item.dispose();
});

it("a notebook's toolbar shows the new name of its kernel", async () => {
  const notebook = new FakeNotebook();
  const context = {
    kernelDisplayName: 'tf (TensorFlow 2.19.1)',
    kernelChanged: new Signal<object, void>({})
  };
  item = Toolbar.createKernelNameItem(context as unknown as ISessionContext);
  Widget.attach(item, document.body);
  notebook.toolbarItems = [item];
  app = new FakeApp(new FakeServer(), notebook.asTracker);
  await waitFor(() => expect(item.node.textContent).toContain('2.19.1'));
  context.kernelDisplayName = 'tf (TensorFlow 2.20.0)';
  app.kernelspecs = { 'conda-env-tf-py': {} };
  await waitFor(() => expect(item.node.textContent).toContain('2.20.0'));
});
