import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { ServiceManager } from '@jupyterlab/services';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { Job } from '../../api/generated';
import { CatalogClient } from '../../api/catalog';
import { ClustersClient } from '../../api/clusters';
import { DiskClient } from '../../api/disk';
import { EnvironmentsClient } from '../../api/environments';
import { JobsClient } from '../../api/jobs';
import { PlansClient } from '../../api/plans';
import { StatusClient } from '../../api/status';
import { setTranslations } from '../../api/translation';
import { CatalogModel } from '../../models/state/catalog';
import { ClustersModel } from '../../models/state/clusters';
import { DetailsModel } from '../../models/state/details';
import { DiskModel } from '../../models/state/disk';
import { EnvironmentsModel } from '../../models/state/environments';
import type { IDismissedStore } from '../../models/state/jobs';
import { JobsModel } from '../../models/state/jobs';
import { NavigationModel } from '../../models/state/navigation';
import { PackageFinder } from '../../models/state/packageFinder';
import { PlansModel } from '../../models/state/plans';
import { RecordsModel } from '../../models/state/records';
import { StatusModel } from '../../models/state/status';
import { ITfenvManager } from '../../tokens';

/** Key of the dismissed jobs in the state database. */
const DISMISSED = 'tfenv-lab:dismissed-jobs';

/** Plugin that provides the models. */
export const managerPlugin: JupyterFrontEndPlugin<ITfenvManager> = {
  id: 'tfenv-lab:manager',
  description: 'Provides the environments, catalog, plans and jobs.',
  autoStart: true,
  optional: [IStateDB, ITranslator],
  provides: ITfenvManager,
  activate: (
    app: JupyterFrontEnd,
    state: IStateDB | null,
    translator: ITranslator | null
  ): ITfenvManager => {
    setTranslations((translator ?? nullTranslator).load('tfenv_lab'));
    return createManager(app.serviceManager, state && dismissedStore(state));
  }
};

/** Kinds of jobs after which an environment is at another place, or at none. */
const MOVING: readonly Job['kind'][] = ['delete', 'restore', 'rename'];

/** Create the models, and refresh them when a job finishes. */
export function createManager(
  services: Pick<
    ServiceManager.IManager,
    'serverSettings' | 'events' | 'kernelspecs'
  >,
  store: IDismissedStore | null
): ITfenvManager {
  const settings = services.serverSettings;
  const environments = new EnvironmentsClient(settings);
  const manager: ITfenvManager = {
    catalog: new CatalogModel(new CatalogClient(settings)),
    clusters: new ClustersModel(new ClustersClient(settings)),
    details: new DetailsModel(environments),
    disk: new DiskModel(new DiskClient(settings)),
    environments: new EnvironmentsModel(environments, services.events.stream),
    finder: new PackageFinder(environments),
    jobs: new JobsModel({
      client: new JobsClient(settings),
      stream: services.events.stream,
      store
    }),
    navigation: new NavigationModel(),
    plans: new PlansModel(new PlansClient(settings)),
    records: new RecordsModel(environments),
    status: new StatusModel(new StatusClient(settings))
  };
  manager.jobs.jobFinished.connect((_, job) => {
    if (job.kind === 'build-channel' && job.state === 'succeeded') {
      void manager.catalog.renew();
    }
    void manager.environments.refresh().then(() => manager.jobs.settle(job.id));
    void manager.status.refresh();
    if (MOVING.includes(job.kind)) {
      // The list may have changed before the kernels did.
      void services.kernelspecs.refreshSpecs();
    }
    if (manager.navigation.screen.name === 'space') {
      void manager.disk.refresh();
    }
  });
  manager.navigation.stateChanged.connect(({ draft }) => {
    void manager.catalog.use(draft.channels);
  });
  let known: string | null = null;
  manager.environments.stateChanged.connect(({ environments }) => {
    const kernels = JSON.stringify(environments?.map(item => item.kernel));
    // Otherwise the launcher and the kernel menus would show the change up to a minute later.
    if (environments && known !== null && kernels !== known) {
      void services.kernelspecs.refreshSpecs();
    }
    known = environments ? kernels : known;
  });
  return manager;
}

function dismissedStore(state: IStateDB): IDismissedStore {
  return {
    load: async () => {
      const value = await state.fetch(DISMISSED);
      return Array.isArray(value)
        ? value.filter((id): id is string => typeof id === 'string')
        : [];
    },
    save: ids => state.save(DISMISSED, [...ids])
  };
}
