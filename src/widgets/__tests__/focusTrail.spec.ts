import { NavigationModel } from '../../models/state/navigation';
import { FocusTrail } from '../focusTrail';

const PREFIX = '/envs/tf';

let node: HTMLElement;
let trail: FocusTrail;
let outside: HTMLButtonElement;

/** Wait until the observers of the document were told. */
async function settle(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve));
}

function addRow(content: string): HTMLElement {
  const row = document.createElement('div');
  row.dataset.prefix = PREFIX;
  row.innerHTML = content;
  node.append(row);
  return row;
}

beforeEach(() => {
  document.body.innerHTML =
    '<div id="panel"><h2 tabindex="-1">Environments</h2><button>New…</button></div><button id="other">Run</button>';
  node = document.getElementById('panel')!;
  outside = document.getElementById('other') as HTMLButtonElement;
  trail = new FocusTrail(node, new NavigationModel());
});

describe('the row of what an action created', () => {
  it('gets the focus when the screen arrives', () => {
    const row = addRow('<button>tf</button>');
    trail.target = PREFIX;
    trail.arrive();
    expect(document.activeElement).toBe(row.firstChild);
  });

  it('gets the focus as soon as it is there', async () => {
    trail.target = PREFIX;
    trail.arrive();
    expect(document.activeElement?.tagName).toBe('H2');
    const row = addRow('');
    await settle();
    expect(document.activeElement?.tagName).toBe('H2');
    row.innerHTML = '<button>tf</button>';
    await settle();
    expect(document.activeElement).toBe(row.firstChild);
  });

  it('does not take the focus from what the user went on to', async () => {
    trail.target = PREFIX;
    trail.arrive();
    const next = node.querySelector('button')!;
    next.focus();
    addRow('<button>tf</button>');
    await settle();
    expect(document.activeElement).toBe(next);
  });

  it('does not take the focus from another part of JupyterLab', async () => {
    trail.target = PREFIX;
    trail.arrive();
    outside.focus();
    addRow('<button>tf</button>');
    await settle();
    expect(document.activeElement).toBe(outside);
  });
});
