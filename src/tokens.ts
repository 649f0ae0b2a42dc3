import { Token } from '@lumino/coreutils';

import type { CatalogModel } from './models/catalog';
import type { DetailsModel } from './models/details';
import type { EnvironmentsModel } from './models/environments';
import type { JobsModel } from './models/jobs';
import type { NavigationModel } from './models/navigation';
import type { PlansModel } from './models/plans';
import type { RecordsModel } from './models/records';
import type { StatusModel } from './models/status';

/**
 * The state of the extension: what the server knows, and what the panel shows of it.
 */
export interface ITfenvManager {
  readonly catalog: CatalogModel;
  readonly details: DetailsModel;
  readonly environments: EnvironmentsModel;
  readonly jobs: JobsModel;
  readonly navigation: NavigationModel;
  readonly plans: PlansModel;
  readonly records: RecordsModel;
  readonly status: StatusModel;
}

export const ITfenvManager = new Token<ITfenvManager>(
  'tfenv-lab:ITfenvManager',
  'The environments, catalog, plans and jobs of the TensorFlow environments panel.'
);
