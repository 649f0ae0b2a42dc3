import type { InstallRequest, RemoveRequest } from '../../api/generated';

/** Changes of an environment that are collected for one plan. */
export interface IBasket {
  /** Specs of the packages to install. */
  readonly specs: readonly string[];
  /** Names of the packages to remove. */
  readonly remove: readonly string[];
}

export const EMPTY_BASKET: IBasket = { specs: [], remove: [] };

/** Return a basket with one more spec. */
export function withSpec(basket: IBasket, spec: string): IBasket {
  return { ...basket, specs: withItem(basket.specs, spec) };
}

/** Return a basket with one more package to remove. */
export function withRemoval(basket: IBasket, name: string): IBasket {
  return { ...basket, remove: withItem(basket.remove, name) };
}

/** Return the plan request for everything in a basket. */
export function requestFor(
  { specs, remove }: IBasket,
  environment: string
): InstallRequest | RemoveRequest {
  if (specs.length === 0) {
    return { kind: 'remove', environment, packages: [...remove] };
  }
  return {
    kind: 'install',
    environment,
    specs: [...specs],
    ...(remove.length > 0 && { remove: [...remove] })
  };
}

function withItem(items: readonly string[], item: string): readonly string[] {
  return [...items.filter(each => each !== item), item];
}
