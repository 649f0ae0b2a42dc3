import { failure, FakeServer } from '../../../__tests__/fakeServer';
import { CATALOG } from '../../../__tests__/catalogFixtures';
import { environment, plan } from '../../../__tests__/fixtures';
import { CatalogClient } from '../../../api/catalog';
import { EnvironmentsClient } from '../../../api/environments';
import type { Environment, PlanRequest } from '../../../api/generated';
import { PlansClient } from '../../../api/plans';
import { CatalogModel } from '../catalog';
import { EnvironmentsModel } from '../environments';
import { NavigationModel } from '../navigation';
import { inCopy, plannable, PlansModel } from '../plans';

const REQUEST: PlanRequest = {
  kind: 'update',
  environment: 'a',
  packages: ['tensorflow']
};

describe('PlansModel', () => {
  it('requests a plan', async () => {
    const server = new FakeServer({ 'POST plans': plan('tf219') });
    const model = new PlansModel(new PlansClient(server.settings));
    await model.make(REQUEST);
    expect(server.body('POST plans')).toEqual(REQUEST);
    expect(model.plan?.name).toBe('tf219');
  });

  it('keeps the error if there is no plan', async () => {
    const server = new FakeServer({
      'POST plans': failure(
        422,
        'unsatisfiable',
        'There is no solution.',
        'tree'
      )
    });
    const model = new PlansModel(new PlansClient(server.settings));
    await model.make(REQUEST);
    expect(model.plan).toBeNull();
    expect(model.error).toMatchObject({
      reason: 'unsatisfiable',
      details: 'tree'
    });
  });

  it('keeps only the plan of the newest request', async () => {
    const server = new FakeServer();
    let count = 0;
    server.routes['POST plans'] = () => plan(`plan-${++count}`);
    const model = new PlansModel(new PlansClient(server.settings));
    const first = model.make(REQUEST);
    const second = model.make({ ...REQUEST });
    await Promise.all([first, second]);
    expect(model.plan?.name).toBe('plan-2');
  });

  it('is applied once', async () => {
    const server = new FakeServer({ 'POST plans': plan('tf219') });
    const model = new PlansModel(new PlansClient(server.settings));
    await model.make(REQUEST);
    const started: string[] = [];
    const start = async (id: string): Promise<void> => {
      started.push(id);
    };
    const both = await Promise.all([model.apply(start), model.apply(start)]);
    expect(both).toEqual([true, false]);
    expect(started).toEqual(['plan-tf219']);
  });
});

describe('inCopy', () => {
  it('changes a copy instead, for kinds that allow it', () => {
    expect(inCopy(REQUEST, 'b')).toEqual({ ...REQUEST, into: 'b' });
    expect(inCopy({ ...REQUEST, into: 'b' }, 'c')).toBeNull();
    expect(
      inCopy({ kind: 'remove', environment: 'a', packages: ['x'] }, 'c')
    ).toBeNull();
  });
});

describe('CatalogModel', () => {
  it('loads the catalog once, until it is stale or refreshed', async () => {
    const server = new FakeServer({ 'GET tensorflow?prereleases=1': CATALOG });
    const model = new CatalogModel(new CatalogClient(server.settings));
    await Promise.all([model.load(), model.load()]);
    await model.load();
    expect(server.calls).toHaveLength(1);
    await model.refresh();
    expect(server.calls).toHaveLength(2);
  });

  it('keeps the catalog if the channel fails, and loads it again next time', async () => {
    const server = new FakeServer({ 'GET tensorflow?prereleases=1': CATALOG });
    const model = new CatalogModel(new CatalogClient(server.settings));
    await model.load();
    server.routes['GET tensorflow?prereleases=1'] = failure(
      502,
      'channel-unreachable',
      'No.'
    );
    await model.refresh();
    expect(model.error?.reason).toBe('channel-unreachable');
    expect(model.catalog).not.toBeNull();
    server.routes['GET tensorflow?prereleases=1'] = CATALOG;
    await model.load();
    expect(model.error).toBeNull();
  });

  it('reports a search that fails', async () => {
    const model = new CatalogModel(
      new CatalogClient(new FakeServer().settings)
    );
    await expect(model.search('pandas')).rejects.toThrow('No such path.');
  });
});

describe('NavigationModel', () => {
  it('goes back through the open screens', () => {
    const model = new NavigationModel();
    model.open({ name: 'details', environment: 'a', tab: 'packages' });
    model.open({ name: 'details', environment: 'a', tab: 'history' });
    model.open({ name: 'review' });
    model.back();
    expect(model.screen).toMatchObject({ name: 'details', tab: 'history' });
    model.back();
    expect(model.screen).toEqual({ name: 'list' });
    model.back();
    expect(model.screen).toEqual({ name: 'list' });
  });

  it('keeps the drafts until the request is applied', () => {
    const model = new NavigationModel();
    model.draft = { ...model.draft, name: 'mine' };
    model.open({ name: 'new' });
    model.back();
    expect(model.draft.name).toBe('mine');
    model.home();
    expect(model.draft.name).toBeNull();
  });
});

describe('plannable', () => {
  const environments = async (
    change: Partial<Environment>
  ): Promise<EnvironmentsModel> => {
    const server = new FakeServer({
      'GET environments': {
        environments: [
          environment('base', { id: 'a', ...change }),
          environment('base-copy')
        ]
      }
    });
    const client = new EnvironmentsClient(server.settings);
    const model = new EnvironmentsModel(client);
    await model.refresh();
    model.dispose();
    return model;
  };

  it('changes an environment itself if that is possible', async () => {
    expect(plannable(REQUEST, await environments({}))).toEqual(REQUEST);
  });

  it.each([
    ['protected', { protected: true }],
    ['read-only', { writable: false }]
  ])('makes changes of a %s environment in a copy', async (_, change) => {
    const known = await environments(change);
    const request = { ...REQUEST, into: 'base-copy-2' };
    expect(plannable(REQUEST, known)).toEqual(request);
    // What the user named is kept.
    const named = { ...REQUEST, into: 'mine' };
    expect(plannable(named, known)).toEqual(named);
  });

  it('leaves it to the server to refuse what no copy can have', async () => {
    const request: PlanRequest = {
      kind: 'remove',
      environment: 'a',
      packages: ['numpy']
    };
    const known = await environments({ protected: true });
    expect(plannable(request, known)).toEqual(request);
  });
});
