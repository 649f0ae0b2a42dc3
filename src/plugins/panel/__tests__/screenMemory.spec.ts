import { StateDB } from '@jupyterlab/statedb';

import { FakeApp } from '../../../__tests__/fakeApp';
import { FakeServer } from '../../../__tests__/fakeServer';
import { CATALOG } from '../../../__tests__/catalogFixtures';
import type { Screen } from '../../../models/state/navigation';
import { rememberScreens } from '../screenMemory';

const NOW = { environment: 'id-tf219', revision: null };
const SCREENS: readonly Screen[] = [
  { name: 'compatibility' },
  { name: 'compare', left: { ...NOW, revision: 0 }, right: NOW }
];

function server(): FakeServer {
  return new FakeServer({ 'GET tensorflow?prereleases=1': CATALOG });
}

it.each(SCREENS)('opens $name again after a reload', async screen => {
  const state = new StateDB();
  const before = new FakeApp(server());
  await rememberScreens(state, before.manager);
  before.manager.navigation.open(screen);
  const after = new FakeApp(server());
  await rememberScreens(state, after.manager);
  expect(after.manager.navigation.screen).toEqual(screen);
});

it('opens no comparison that another version stored otherwise', async () => {
  const state = new StateDB();
  const screens = [{ name: 'list' }, { name: 'compare', left: 1 }];
  await state.save('tfenv-lab:screens', { screens });
  const app = new FakeApp(server());
  await rememberScreens(state, app.manager);
  expect(app.manager.navigation.screen).toEqual({ name: 'list' });
});
