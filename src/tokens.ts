import { Token } from '@lumino/coreutils';

import type { CatalogModel } from './models/state/catalog';
import type { ClustersModel } from './models/state/clusters';
import type { DetailsModel } from './models/state/details';
import type { DiskModel } from './models/state/disk';
import type { EnvironmentsModel } from './models/state/environments';
import type { JobsModel } from './models/state/jobs';
import type { PackageFinder } from './models/state/packageFinder';
import type { NavigationModel } from './models/state/navigation';
import type { PlansModel } from './models/state/plans';
import type { RecordsModel } from './models/state/records';
import type { StatusModel } from './models/state/status';

/**
 * Models of the extension: the state of the server, and what the panel shows.
 */
export interface ITfenvManager {
  readonly catalog: CatalogModel;
  readonly clusters: ClustersModel;
  readonly details: DetailsModel;
  readonly disk: DiskModel;
  readonly environments: EnvironmentsModel;
  readonly finder: PackageFinder;
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
