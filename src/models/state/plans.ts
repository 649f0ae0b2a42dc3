import { VDomModel } from '@jupyterlab/ui-components';

import type {
  InstallRequest,
  Plan,
  PlanRequest,
  RecognizedFile,
  RevertRequest,
  UpdateRequest
} from '../../api/generated';
import type { PlansClient } from '../../api/plans';
import type { RequestError } from '../../api/request';
import { toFailure } from '../../api/request';
import { freeName } from '../form/naming';
import { isProtected } from '../texts/refusal';
import type { EnvironmentsModel } from './environments';

/**
 * Model of the plan under review and its request.
 */
export class PlansModel extends VDomModel {
  constructor(private readonly _client: PlansClient) {
    super();
  }

  /** Null before the first request. */
  get request(): PlanRequest | null {
    return this._request;
  }

  /** Null while the request is solved, and if it failed. */
  get plan(): Plan | null {
    return this._plan;
  }

  get error(): RequestError | null {
    return this._error;
  }

  /** The requests to review after this one. */
  get then(): readonly PlanRequest[] {
    return this._then;
  }

  /** Whether the plan was sent to become a job. */
  get isApplying(): boolean {
    return this._isApplying;
  }

  /** Request a plan. Responses to earlier requests are ignored. */
  async make(
    request: PlanRequest,
    then: readonly PlanRequest[] = []
  ): Promise<void> {
    this._request = request;
    this._then = then;
    this._plan = null;
    this._error = null;
    this.stateChanged.emit();
    try {
      const plan = await this._client.create(request);
      if (this._request === request) {
        this._plan = plan;
        this.stateChanged.emit();
      }
    } catch (error) {
      if (this._request === request) {
        this._error = toFailure(error);
        this.stateChanged.emit();
      }
    }
  }

  /**
   * Recognize the text of a file that describes an environment. The function is bound, so that screens can pass it.
   *
   * @throws RequestError if the server does not answer.
   */
  readonly recognize = (
    content: string,
    name: string | null
  ): Promise<RecognizedFile> => this._client.recognize(content, name);

  /**
   * Apply the plan with a function that starts its job. A failure is kept in `error`.
   *
   * @returns Whether the job was started.
   */
  async apply(start: (plan: string) => Promise<unknown>): Promise<boolean> {
    const plan = this._plan;
    if (!plan || this._isApplying) {
      return false;
    }
    this._isApplying = true;
    this.stateChanged.emit();
    try {
      await start(plan.id);
      return true;
    } catch (error) {
      this._error = toFailure(error);
      return false;
    } finally {
      this._isApplying = false;
      this.stateChanged.emit();
    }
  }

  private _isApplying = false;
  private _error: RequestError | null = null;
  private _plan: Plan | null = null;
  private _request: PlanRequest | null = null;
  private _then: readonly PlanRequest[] = [];
}

/** Whether a change can be made in a copy of its environment. */
export function canCopy(
  request: PlanRequest
): request is InstallRequest | UpdateRequest | RevertRequest {
  return (
    request.kind === 'install' ||
    request.kind === 'update' ||
    request.kind === 'revert'
  );
}

/** Return the request for the same change in a copy of the environment; null if that is not possible. */
export function inCopy(request: PlanRequest, name: string): PlanRequest | null {
  return canCopy(request) && !request.into ? { ...request, into: name } : null;
}

/** Return the request that can be planned: a protected environment is changed only in a copy. */
export function plannable(
  request: PlanRequest,
  environments: EnvironmentsModel
): PlanRequest {
  const environment =
    'environment' in request
      ? environments.get(request.environment ?? null)
      : undefined;
  if (!environment || !isProtected(environment)) {
    return request;
  }
  const name = freeName(`${environment.name}-copy`, environments.names);
  return inCopy(request, name) ?? request;
}
/** Whether a plan changes nothing. */
export function isNothing(plan: Plan): boolean {
  return (
    plan.kind !== 'overlay' &&
    !plan.rebuilds &&
    plan.entries.length === 0 &&
    plan.forgets.length === 0 &&
    !plan.nodes.some(node => ['install', 'enter'].includes(node.action)) &&
    plan.frees.every(each => each.items === 0)
  );
}
