import type { TranslationBundle } from '@jupyterlab/translation';

import type { PlanRequest } from '../api/generated';
import type { Execute } from '../components/shared/execute';
import type { ITfenvManager } from '../tokens';

/** What every screen needs: the models that it shows, and what its controls do. */
export interface IScreenProps {
  readonly manager: ITfenvManager;
  readonly trans: TranslationBundle;
  readonly execute: Execute;
  readonly onPlan: (request: PlanRequest) => void;
  readonly onBack: () => void;
}
