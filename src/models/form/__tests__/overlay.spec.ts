import { indexSpecs } from '../overlay';

describe('the packages in a text', () => {
  it.each([
    ['', []],
    ['  rich ', ['pypi:rich']],
    ['rich, keras-hub>=0.20', ['pypi:rich', 'pypi:keras-hub>=0.20']],
    ['keras >= 3, < 4 rich', ['pypi:keras>=3,<4', 'pypi:rich']],
    ['pypi:rich,PyPI:small==1.0', ['pypi:rich', 'pypi:small==1.0']]
  ])('of %j', (text, specs) => {
    expect(indexSpecs(text)).toEqual(specs);
  });
});
