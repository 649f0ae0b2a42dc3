import { ServerConnection } from '@jupyterlab/services';

import { failure, FakeServer } from '../../__tests__/fakeServer';
import { request, RequestError, toFailure } from '../request';

async function refused(server: FakeServer): Promise<RequestError> {
  return request('jobs', {}, server.settings).then(
    () => {
      throw new Error('it was answered');
    },
    error => error as RequestError
  );
}

describe('request', () => {
  it('sends requests below the base URL of the server', async () => {
    const server = new FakeServer({ 'GET jobs': { jobs: [] } });
    expect(await request('jobs', {}, server.settings)).toEqual({ jobs: [] });
    expect(server.calls).toEqual(['GET jobs']);
  });

  it('fails with the error body of the contract', async () => {
    const server = new FakeServer({
      'GET jobs': failure(
        409,
        'prefix-busy',
        'tf219 is busy.',
        'job 7',
        'Wait for it.'
      )
    });
    const error = await refused(server);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({
      reason: 'prefix-busy',
      message: 'tf219 is busy.',
      hint: 'Wait for it.',
      details: 'job 7'
    });
  });

  it('reports that the server does not respond', async () => {
    const server = new FakeServer();
    server.isDown = true;
    expect((await refused(server)).reason).toBe('unreachable');
  });

  it.each([
    [404, 'not-found'],
    [503, 'internal']
  ])('makes a failure of a page with status %i', async (status, reason) => {
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://jupyter.test/',
      fetch: async () => new Response('<html>a proxy</html>', { status })
    });
    const answer = request('jobs', {}, settings);
    await expect(answer).rejects.toMatchObject({ reason, details: null });
  });

  it('names the commands that help on a server without the extension', async () => {
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://jupyter.test/',
      fetch: async () =>
        new Response('{"message": "Not Found", "reason": null}', {
          status: 404
        })
    });
    const { message, hint } = (await request('jobs', {}, settings).catch(
      toFailure
    )) as RequestError;
    expect(message).toBe('tfenv_lab is not running on this Jupyter server.');
    expect(hint).toContain('“pip install tfenv_lab”');
    expect(hint).toContain('“jupyter server extension enable tfenv_lab”');
  });
});

describe('toFailure', () => {
  it('returns a RequestError unchanged', async () => {
    const error = await refused(new FakeServer());
    expect(toFailure(error)).toBe(error);
  });

  it.each([
    [new TypeError('x is not a function'), 'x is not a function'],
    ['a text', 'a text'],
    [undefined, 'undefined']
  ])('makes one of %p, which has neither reason nor details', (error, said) => {
    expect(toFailure(error)).toMatchObject({
      reason: 'internal',
      message: said,
      hint: null
    });
  });
});
