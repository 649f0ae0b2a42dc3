import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { Error as ErrorBody, Reason } from './generated';
import { trans, translated } from './translation';

/** First part of every path of the REST contract, below the server's base URL. */
const BASE_PATH = 'tfenv-lab';

/** An error to show: the contract's error body, or the fact that the server did not respond. */
export interface IFailure {
  readonly reason: Reason | 'unreachable';
  /** What happened. */
  readonly message: string;
  /** What to do about it; null if nothing helps. */
  readonly hint: string | null;
  /** The evidence. */
  readonly details: string | null;
  /** Plan requests that can be made instead, if there are any. */
  readonly alternatives?: ErrorBody['alternatives'];
  /** Whether the same request fails again until something else changes; false if unknown. */
  readonly lasting?: boolean;
}

/**
 * An error response of the server, or a request that did not reach it.
 */
export class RequestError extends Error implements IFailure {
  constructor(failure: IFailure) {
    super(failure.message);
    this.name = 'RequestError';
    this.reason = failure.reason;
    this.hint = failure.hint;
    this.details = failure.details;
    this.alternatives = failure.alternatives ?? [];
    this.lasting = failure.lasting ?? false;
  }

  readonly reason: IFailure['reason'];
  readonly hint: string | null;
  readonly details: string | null;
  readonly alternatives: ErrorBody['alternatives'];
  readonly lasting: boolean;
}

/** Turn anything that was thrown into an error that can be shown. */
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
 * @param path - Relative to the contract's base path, for example `jobs/17`; each part is already encoded.
 * @throws RequestError for every failure.
 */
export async function request<T>(
  path: string,
  init: RequestInit,
  serverSettings: ServerConnection.ISettings
): Promise<T> {
  const text = await requestText(path, init, serverSettings);
  try {
    return translated(JSON.parse(text) as T);
  } catch (error) {
    throw new RequestError({
      reason: 'internal',
      message: trans.__('The response of the server is not valid JSON.'),
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
  const url = URLExt.join(serverSettings.baseUrl, BASE_PATH, path);
  let response: Response;
  let text: string;
  try {
    response = await ServerConnection.makeRequest(url, init, serverSettings);
    text = await response.text();
  } catch (error) {
    throw new RequestError({
      reason: 'unreachable',
      message: trans.__('The Jupyter server does not respond.'),
      hint: trans.__('Try again in a moment. The server may be restarting.'),
      details: String(error)
    });
  }
  if (!response.ok) {
    throw new RequestError(failureOf(response, text));
  }
  return text;
}

/**
 * Read the contract's error body. A proxy or another handler may have sent the response instead.
 */
function failureOf(response: Response, text: string): IFailure {
  try {
    const body = translated(JSON.parse(text) as Partial<ErrorBody>);
    if (body.reason && body.message) {
      return {
        reason: body.reason,
        message: body.message,
        hint: body.hint ?? null,
        details: body.details ?? null,
        alternatives: body.alternatives ?? [],
        lasting: body.lasting ?? false
      };
    }
  } catch {
    // Not JSON: the status describes the error below.
  }
  if (response.status === 404) {
    // The extension itself always sends the contract's error body.
    return {
      reason: 'not-found',
      message: trans.__('tfenv_lab is not running on this Jupyter server.'),
      hint: trans.__(
        'Run “pip install tfenv_lab” and “jupyter server extension enable tfenv_lab” in the environment of the server, and restart it.'
      ),
      details: null
    };
  }
  return {
    reason: 'internal',
    message: trans.__(
      'The server responded with %1 %2.',
      response.status,
      response.statusText
    ),
    hint: null,
    // An HTML page is not readable as text.
    details: text === '' || text.startsWith('<') ? null : text
  };
}
