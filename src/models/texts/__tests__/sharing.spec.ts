import { nullTranslator } from '@jupyterlab/translation';

import { describeShared } from '../sharing';

const trans = nullTranslator.load('tfenv_lab');
const published = '2026-03-01T10:00:00Z';
const date = new Date(published).toLocaleDateString();

describe('the sentence about a shared environment', () => {
  it.each([
    [{ by: 'ada', published }, `published by ada on ${date}`],
    [{ by: null, published }, `published on ${date}`],
    [{ by: 'ada', published: null }, 'belongs to ada'],
    [{ by: null, published: null }, 'Shared, read-only']
  ])('for %j', (shared, text) => {
    expect(describeShared(shared, trans)).toContain(text);
  });
});
