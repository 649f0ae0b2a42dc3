import { ServerConnection } from '@jupyterlab/services';

import type { Error as ErrorBody } from '../api/generated';

/** The response of a route: a text, a JSON body, or a status with a JSON body. */
type Answer =
  string | object | { readonly status: number; readonly body: ErrorBody };

export interface ISeen {
  readonly call: string;
  readonly body: unknown;
}

/**
 * A server that responds by "VERB path" below the contract's base path, and with 404 to all other requests.
 */
export class FakeServer {
  constructor(routes: Record<string, Answer | (() => Answer)> = {}) {
    this.routes = { ...routes };
    this.settings = ServerConnection.makeSettings({
      baseUrl: 'http://jupyter.test/user/ada/',
      token: '',
      init: { cache: 'default' },
      fetch: request => this._answer(request as Request)
    });
  }

  readonly settings: ServerConnection.ISettings;
  readonly seen: ISeen[] = [];
  /** Whether every request fails. */
  isDown = false;
  /** Responses wait until this resolves. */
  onTheWay: Promise<void> = Promise.resolve();

  routes: Record<string, Answer | (() => Answer)>;

  /** All calls, without their bodies. */
  get calls(): string[] {
    return this.seen.map(item => item.call);
  }

  /** Return the body of the last request of a call. */
  body(call: string): unknown {
    return this.seen.filter(item => item.call === call).pop()?.body;
  }

  private async _answer(request: Request): Promise<Response> {
    if (this.isDown) {
      throw new TypeError('fetch failed');
    }
    const url = new URL(request.url);
    const path = url.pathname.replace('/user/ada/tfenv-lab/', '') + url.search;
    const call = `${request.method} ${path}`;
    const text = await request.text();
    this.seen.push({ call, body: text === '' ? null : JSON.parse(text) });
    const route =
      this.routes[call] ?? failure(404, 'not-found', 'No such path.');
    const answer = typeof route === 'function' ? route() : route;
    await this.onTheWay;
    if (typeof answer === 'string') {
      return new Response(answer);
    }
    const isFailure = 'status' in answer && 'body' in answer;
    return new Response(
      JSON.stringify(isFailure ? (answer as { body: unknown }).body : answer),
      { status: isFailure ? (answer as { status: number }).status : 200 }
    );
  }
}

export function failure(
  status: number,
  reason: ErrorBody['reason'],
  message: string,
  details: string | null = null,
  hint: string | null = null
): { status: number; body: ErrorBody } {
  const lasting = false;
  const body = { reason, message, hint, details, alternatives: [], lasting };
  return { status, body };
}
