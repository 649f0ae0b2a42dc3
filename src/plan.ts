import type { CommandRegistry } from '@lumino/commands';

import type { PlanRequest } from './api/generated';
import { CommandIDs } from './commandids';

/** Open the review of a change. Every change starts here, so none is applied without a plan. */
export function plan(
  commands: CommandRegistry,
  request: PlanRequest
): Promise<unknown> {
  return commands.execute(CommandIDs.makePlan, { request: { ...request } });
}
