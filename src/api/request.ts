import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { Error as ErrorBody, Reason } from './generated';

/** Where the REST contract stands below the server's base URL. */
const ROOT = 'tfenv-lab';

/** What can be told about a failure: the contract's error body, or that no answer came at all. */
export interface IFailure {
  readonly reason: Reason | 'unreachable';
  /** What happened. */
  readonly message: string;
  /** What to do about it; null where nothing helps. */
  readonly hint: string | null;
  /** The evidence. */
  readonly details: string | null;
}

/**
 * A call that the server refused, or that did not reach it.
 */
export class RequestError extends Error implements IFailure {
  constructor(failure: IFailure) {
    super(failure.message);
    this.name = 'RequestError';
    this.reason = failure.reason;
    this.hint = failure.hint;
    this.details = failure.details;
  }

  readonly reason: IFailure['reason'];
  readonly hint: string | null;
  readonly details: string | null;
}

/** Whatever was thrown, as a failure that can be shown. */
export function toFailure(error: unknown): RequestError {
  return error instanceof RequestError
    ? error
    : new RequestError({
        reason: 'internal',
        message: error instanceof Error ? error.message : String(error),
        hint: null,
        details: error instanceof Error ? (error.stack ?? null) : null
      });
}

/**
 * Call the server and return its JSON answer.
 *
 * @param path - Relative to the contract's root, for example `jobs/17`; each part already encoded.
 * @throws RequestError for every failure.
 */
export async function request<T>(
  path: string,
  init: RequestInit,
  serverSettings: ServerConnection.ISettings
): Promise<T> {
  const text = await requestText(path, init, serverSettings);
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new RequestError({
      reason: 'internal',
      message: 'The server gave an answer that is not JSON.',
      hint: null,
      details: String(error)
    });
  }
}

/**
 * Call the server and return its answer as text.
 *
 * @throws RequestError for every failure.
 */
export async function requestText(
  path: string,
  init: RequestInit,
  serverSettings: ServerConnection.ISettings
): Promise<string> {
  const url = URLExt.join(serverSettings.baseUrl, ROOT, path);
  let response: Response;
  let text: string;
  try {
    response = await ServerConnection.makeRequest(url, init, serverSettings);
    text = await response.text();
  } catch (error) {
    throw new RequestError({
      reason: 'unreachable',
      message: 'The Jupyter server does not answer.',
      hint: 'It may be restarting: try again in a moment.',
      details: String(error)
    });
  }
  if (!response.ok) {
    throw new RequestError(failureOf(response, text));
  }
  return text;
}

/**
 * Read the contract's error body; anything in between (a proxy, another handler) may have answered instead.
 */
function failureOf(response: Response, text: string): IFailure {
  try {
    const body = JSON.parse(text) as Partial<ErrorBody>;
    if (body.reason && body.message) {
      return {
        reason: body.reason,
        message: body.message,
        hint: body.hint ?? null,
        details: body.details ?? null
      };
    }
  } catch {
    // Not JSON: told below by its status.
  }
  return {
    reason: response.status === 404 ? 'not-found' : 'internal',
    message: `The server answered ${response.status} ${response.statusText}.`,
    hint: null,
    // A page for a browser says nothing to a person.
    details: text === '' || text.startsWith('<') ? null : text
  };
}
