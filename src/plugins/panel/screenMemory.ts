import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';

import type { PlanRequest } from '../../api/generated';
import type { IDraft, Screen } from '../../models/state/navigation';
import { DETAILS_TABS } from '../../models/state/navigation';
import type { ITfenvManager } from '../../tokens';

/** Key of the open screens in the state database. */
const KEY = 'tfenv-lab:screens';

/** What is kept over a reload of the page. */
interface IMemory {
  readonly screens: readonly Screen[];
  readonly draft: IDraft;
  /** The request under review; null for a file, which may contain credentials. */
  readonly request: PlanRequest | null;
}

/** Open the screens again that were open before a reload of the page, and remember them from then on. */
export async function rememberScreens(
  state: IStateDB,
  manager: ITfenvManager
): Promise<void> {
  const { navigation, plans } = manager;
  const memory = (await state.fetch(KEY)) as unknown as IMemory | undefined;
  // The user may already have opened a screen.
  if (navigation.depth === 1 && Array.isArray(memory?.screens)) {
    restore(memory, manager);
  }
  let last = '';
  const save = (): void => {
    const { request } = plans;
    const now: IMemory = {
      screens: navigation.screens,
      draft: navigation.draft,
      request: request && !('content' in request) ? request : null
    };
    const text = JSON.stringify(now);
    if (text !== last) {
      last = text;
      void state.save(KEY, JSON.parse(text) as ReadonlyPartialJSONValue);
    }
  };
  navigation.stateChanged.connect(save);
  plans.stateChanged.connect(save);
}

function restore(memory: IMemory, manager: ITfenvManager): void {
  const { catalog, disk, navigation, plans } = manager;
  const screens = memory.screens.filter(
    screen => isScreen(screen) && (screen.name !== 'review' || memory.request)
  );
  const names = new Set(screens.map(({ name }) => name));
  if (names.has('compatibility')) {
    void catalog.load();
  }
  if (names.has('new')) {
    navigation.draft = { ...navigation.draft, ...memory.draft };
    void catalog.load();
  }
  if (names.has('space')) {
    void disk.refresh();
  }
  screens.forEach(screen => navigation.open(screen));
  if (names.has('review') && memory.request) {
    // The plan may have changed since then.
    void plans.make(memory.request);
  }
}

/** Whether a stored value is a screen; another version may have stored it. */
function isScreen(screen: Screen): boolean {
  switch (screen?.name) {
    case 'list':
    case 'new':
    case 'import':
    case 'review':
    case 'space':
    case 'compatibility':
      return true;
    case 'compare':
      return [screen.left, screen.right].every(
        side =>
          typeof side?.environment === 'string' &&
          (side.revision === null || typeof side.revision === 'number')
      );
    case 'details':
      return (
        typeof screen.environment === 'string' &&
        DETAILS_TABS.includes(screen.tab)
      );
    default:
      return false;
  }
}
