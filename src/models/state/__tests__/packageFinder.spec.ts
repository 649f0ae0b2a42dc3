import { FakeServer } from '../../../__tests__/fakeServer';
import { EnvironmentsClient } from '../../../api/environments';
import { namesPackage, PackageFinder, withoutPackage } from '../packageFinder';

const FOUND = {
  packages: [
    { environment: 'a', name: 'h5py', version: '3.1', source: 'conda' as const }
  ]
};

function changed(finder: PackageFinder): Promise<unknown> {
  return new Promise(resolve => finder.stateChanged.connect(resolve));
}

describe('PackageFinder', () => {
  it('finds the environments with the package in the filter', async () => {
    const server = new FakeServer({
      'GET installed-packages?name=h5py': FOUND
    });
    const finder = new PackageFinder(new EnvironmentsClient(server.settings));
    const answer = changed(finder);
    for (const filter of ['package:h5', 'package:h5py', 'tf package:h5py']) {
      finder.follow(filter);
    }
    expect(finder.versions).toBeNull();
    await answer;
    expect([...(finder.versions ?? [])]).toEqual([['a', '3.1']]);
    // What the user typed on the way is not asked for.
    expect(server.calls).toEqual(['GET installed-packages?name=h5py']);
    finder.follow('tf');
    expect(finder.versions).toBeNull();
  });

  it('finds nothing if the server does not answer', async () => {
    const server = new FakeServer();
    const finder = new PackageFinder(new EnvironmentsClient(server.settings));
    const answer = changed(finder);
    finder.follow('package:h5py');
    await answer;
    expect(finder.versions?.size).toBe(0);
  });
});

it.each([
  ['package:h5py', true, ''],
  ['cpu package:h5py 3.11', true, 'cpu  3.11'],
  ['package:', false, 'package:'],
  ['mypackage:h5py', false, 'mypackage:h5py']
])('reads the filter %s', (filter, names, rest) => {
  expect(namesPackage(filter)).toBe(names);
  expect(withoutPackage(filter)).toBe(rest);
});
