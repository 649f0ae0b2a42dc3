import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { PlanRequest } from './api/generated';
import { CommandIDs } from './commandids';

/**
 * Open the review of a change. Every change starts here, so none is applied without a plan.
 *
 * @param then - The requests to review after that, one by one.
 */
export async function plan(
  commands: CommandRegistry,
  request: PlanRequest,
  then: readonly PlanRequest[] = []
): Promise<void> {
  const args = { request, then } as unknown as ReadonlyPartialJSONObject;
  await commands.execute(CommandIDs.makePlan, args);
}
