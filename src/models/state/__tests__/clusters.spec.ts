import type { ClustersClient } from '../../../api/clusters';
import { ClustersModel } from '../clusters';

const CLUSTERS = ['gpu', 'cpu'].map(id => ({ id, name: id, address: '' }));

function fake(change: Partial<ClustersClient> = {}) {
  const client = {
    list: jest.fn(async () => CLUSTERS),
    nodes: jest.fn(async () => []),
    ...change
  };
  return {
    client,
    model: new ClustersModel(client as unknown as ClustersClient)
  };
}

it('asks for the clusters once, and chooses the first', async () => {
  const { client, model } = fake();
  await model.load();
  await model.load();
  expect(client.list).toHaveBeenCalledTimes(1);
  expect(model.chosen).toBe('gpu');
});

it('asks again after an error, and shows none meanwhile', async () => {
  const list = jest
    .fn()
    .mockRejectedValueOnce(new Error('gone'))
    .mockResolvedValue(CLUSTERS);
  const { model } = fake({ list });
  await model.load();
  expect(model.clusters).toEqual([]);
  await model.load();
  expect(model.clusters).toEqual(CLUSTERS);
});

it('drops the workers of a cluster that is not chosen anymore', async () => {
  const answers: ((nodes: []) => void)[] = [];
  const nodes = jest.fn(
    () => new Promise<[]>(resolve => answers.push(resolve))
  );
  const { model } = fake({ nodes });
  await model.load();
  const first = model.refresh();
  const second = model.choose('cpu');
  answers[0]([]);
  await first;
  expect(model.nodes).toBeNull();
  answers[1]([]);
  await second;
  expect(model.nodes).toEqual({ value: [], error: null });
});

it('does not ask while it asks, nor without a cluster', async () => {
  const { client, model } = fake();
  await model.refresh();
  expect(client.nodes).not.toHaveBeenCalled();
  await model.load();
  await Promise.all([model.refresh(), model.refresh()]);
  expect(client.nodes).toHaveBeenCalledTimes(1);
});
