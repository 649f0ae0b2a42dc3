import { nullTranslator } from '@jupyterlab/translation';

import { STATUS } from '../../../__tests__/fixtures';
import { exportKinds, mayBeEnvironmentFile } from '../files';

describe('the file of an environment', () => {
  it.each([
    'environment.yml',
    'Notes.TXT',
    'pixi.lock',
    'a.ipynb',
    'Dockerfile'
  ])("is looked at by the server's pattern: %s", name => {
    expect(mayBeEnvironmentFile(name, STATUS.limits)).toBe(true);
  });

  it('is looked at under every name of an export', () => {
    for (const kind of exportKinds(nullTranslator.load('tfenv_lab'))) {
      expect(mayBeEnvironmentFile(kind.fileName('my env'), STATUS.limits)).toBe(
        true
      );
    }
  });

  it.each(['notes.md', 'yarn.lock', 'poetry.lock', 'model.keras', 'a.json'])(
    'is no other: %s',
    name => {
      expect(mayBeEnvironmentFile(name, STATUS.limits)).toBe(false);
    }
  );
});
