import { nullTranslator } from '@jupyterlab/translation';

import { STATUS } from '../../../__tests__/fixtures';
import { exportKinds, isEnvironmentFile } from '../files';

describe('the file of an environment', () => {
  it.each(['environment.yml', 'Environment-GPU.YAML', 'pixi.lock'])(
    "is offered in the file browser by the server's pattern: %s",
    name => {
      expect(isEnvironmentFile(name, STATUS.limits)).toBe(true);
    }
  );

  it('is offered under every name of an export', () => {
    for (const kind of exportKinds(nullTranslator.load('tfenv_lab'))) {
      expect(isEnvironmentFile(kind.fileName('my env'), STATUS.limits)).toBe(
        true
      );
    }
  });

  it.each(['notes.txt', 'docker-compose.yml', 'model.keras', 'a.ipynb'])(
    'is not any other: %s',
    name => {
      expect(isEnvironmentFile(name, STATUS.limits)).toBe(false);
    }
  );
});
