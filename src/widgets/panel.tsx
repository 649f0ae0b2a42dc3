import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import React from 'react';

import type { PlanRequest } from '../api/generated';
import { CommandIDs } from '../commandids';
import { Compare } from '../components/compare/compare';
import { CompatibilityScreen } from '../components/compatibility/compatibilityScreen';
import { Details } from '../components/details/details';
import { Footer } from '../components/footer/footer';
import { EnvironmentList } from '../components/list/environmentList';
import { Review } from '../components/review/review';
import type { ICreationProps } from '../components/screens';
import { ChannelOffer, ImportScreen, NewScreen } from '../components/screens';
import { Space } from '../components/space/space';
import { ScreenHeader } from '../components/shared/screenHeader';
import { panelIcon } from '../icons';
import { freeName } from '../models/form/naming';
import { groupRows } from '../models/state/listRows';
import type { Screen } from '../models/state/navigation';
import { namesPackage, withoutPackage } from '../models/state/packageFinder';
import { inCopy } from '../models/state/plans';
import { formatBytes } from '../models/texts/units';
import { plan } from '../plan';
import type { ITfenvManager } from '../tokens';
import { acceptFiles } from './fileDrop';
import { FocusTrail } from './focusTrail';
import { environmentMenu, openBelow, panelMenu } from './menus';

/**
 * Side panel, which shows the current screen of the navigation model.
 */
export class TfenvPanel extends ReactWidget {
  constructor(options: TfenvPanel.IOptions) {
    super();
    this._manager = options.manager;
    this._commands = options.commands;
    this._trans = options.trans;
    this.id = 'tfenv-lab-panel';
    this.addClass('jp-TfenvPanel');
    this.title.icon = panelIcon;
    this.title.caption = this._trans.__('TensorFlow Environments');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
    this._focus = new FocusTrail(this.node, this._manager.navigation);
    this.node.addEventListener('keydown', this._onKeyDown);
    acceptFiles(this.node, {
      onFile: this._openFile,
      onPath: path => this._execute(CommandIDs.importFile, { path })
    });
    for (const model of Object.values(this._manager)) {
      model.stateChanged.connect(this.update, this);
    }
    this._manager.navigation.stateChanged.connect(this._loadDetails, this);
    this._manager.navigation.stateChanged.connect(this._findPackage, this);
    this._manager.environments.stateChanged.connect(this._loadDetails, this);
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._manager.environments.watched = true;
    void this._manager.status.refresh();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._manager.environments.watched = false;
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this._focus.enter();
  }

  protected override render(): JSX.Element {
    const { jobs, navigation, status } = this._manager;
    const { screen } = navigation;
    const key = 'environment' in screen ? screen.environment : '';
    return (
      <>
        <div className="jp-TfenvScreen" key={`${screen.name} ${key}`}>
          {this._screen(screen)}
          <Arrival onArrive={this._arrive} />
        </div>
        {status.status && (
          <Footer
            status={status.status}
            freeBytes={status.freeBytes}
            channelJob={jobs.channelJob ?? null}
            trans={this._trans}
            execute={this._execute}
          />
        )}
      </>
    );
  }

  private _screen(screen: Screen): JSX.Element {
    switch (screen.name) {
      case 'list':
        return this._list();
      case 'new':
        return <NewScreen {...this._creation()} search={this._search} />;
      case 'import':
        return (
          <ImportScreen
            {...this._creation()}
            recognize={this._recognize}
            onFile={this._openFile}
          />
        );
      case 'review':
        return this._review();
      case 'space':
        return this._space();
      case 'compatibility':
        return <CompatibilityScreen {...this._creation()} />;
      case 'compare':
        return this._compare(screen);
      case 'details':
        return this._details(screen);
    }
  }

  private _list(): JSX.Element {
    const { environments, finder, jobs, navigation } = this._manager;
    return (
      <EnvironmentList
        groups={
          environments.environments &&
          groupRows(
            environments,
            jobs,
            withoutPackage(navigation.filter),
            navigation.sort,
            namesPackage(navigation.filter) ? finder.versions : null
          )
        }
        filter={navigation.filter}
        sort={navigation.sort}
        failure={environments.error}
        trans={this._trans}
        execute={this._execute}
        onPlan={this._plan}
        onFilter={filter => {
          navigation.filter = filter;
        }}
        onSort={sort => {
          navigation.sort = sort;
        }}
        openGroups={navigation.openGroups}
        onToggleGroup={(group, isOpen) =>
          navigation.setGroupOpen(group, isOpen)
        }
        openMenu={this._openMenu}
        openPanelMenu={anchor => openBelow(panelMenu(this._commands), anchor)}
      />
    );
  }

  /** Return the props of the screens that create an environment. */
  private _creation(): ICreationProps {
    return {
      manager: this._manager,
      trans: this._trans,
      execute: this._execute,
      onPlan: this._plan,
      onBack: this._back
    };
  }

  private _review(): JSX.Element {
    const { environments, navigation, plans } = this._manager;
    const request = plans.request;
    if (!request) {
      return this._list();
    }
    const base =
      'environment' in request ? environments.get(request.environment) : null;
    const target = 'name' in request ? request.name : (base?.name ?? '');
    const copy = freeName(`${target}-copy`, environments.names);
    return (
      <>
        <ScreenHeader
          title={this._trans.__('Review: %1', plans.plan?.name ?? target)}
          trans={this._trans}
          onBack={this._back}
        />
        <Review
          request={request}
          plan={plans.plan}
          failure={plans.error}
          isApplying={plans.isApplying}
          copyRequest={inCopy(request, copy)}
          offer={<ChannelOffer {...this._creation()} />}
          trans={this._trans}
          onApply={plan => {
            this._focus.target = plan.prefix;
            this._execute(CommandIDs.applyPlan, { plan: plan.id });
          }}
          onPlan={this._plan}
          onBack={() => navigation.back()}
          onCopy={text => void navigator.clipboard.writeText(text)}
        />
      </>
    );
  }

  private _space(): JSX.Element {
    const { disk, environments, jobs } = this._manager;
    const known = environments.environments ?? [];
    return (
      <>
        <ScreenHeader
          title={this._trans.__('Disk Space')}
          trans={this._trans}
          onBack={this._back}
        />
        <Space
          disk={disk.disk}
          failure={disk.error}
          names={new Map(known.map(({ id, name }) => [id, name]))}
          draft={disk.draft}
          job={jobs.cleanJob ?? null}
          trans={this._trans}
          execute={this._execute}
          onDraft={draft => {
            disk.draft = draft;
          }}
          onPlan={this._plan}
        />
      </>
    );
  }

  private _compare(screen: Screen & { name: 'compare' }): JSX.Element {
    const { environments, navigation } = this._manager;
    const { client } = environments;
    return (
      <>
        <ScreenHeader
          title={this._trans.__('Compare')}
          trans={this._trans}
          onBack={this._back}
        />
        <Compare
          left={screen.left}
          right={screen.right}
          environments={environments.environments ?? []}
          trans={this._trans}
          compare={(left, right) =>
            client.compare(
              left.environment,
              left.revision,
              right.environment,
              right.revision
            )
          }
          revisions={id => client.revisions(id)}
          onChange={(left, right) =>
            navigation.open({ name: 'compare', left, right })
          }
        />
      </>
    );
  }

  private _details(screen: Screen & { name: 'details' }): JSX.Element {
    const { details, environments, jobs, navigation } = this._manager;
    const environment = environments.get(screen.environment);
    if (!environment) {
      return (
        <>
          <ScreenHeader
            title={this._trans.__('Environment')}
            trans={this._trans}
            onBack={this._back}
          />
          <p className="jp-TfenvEmpty" role="status">
            {environments.environments
              ? this._trans.__('This environment no longer exists.')
              : this._trans.__('Loading…')}
          </p>
        </>
      );
    }
    return (
      <Details
        environment={environment}
        tab={screen.tab}
        packages={details.packages}
        revisions={details.revisions}
        variables={details.variables}
        size={details.size}
        job={jobs.activeOn(environment.prefix) ?? null}
        failure={jobs.failureOn(environment.prefix) ?? null}
        check={jobs.checkOf(environment.prefix) ?? null}
        isChecking={jobs.isChecking(environment.prefix)}
        trans={this._trans}
        execute={this._execute}
        onPlan={this._plan}
        onBack={this._back}
        onTab={tab => navigation.open({ ...screen, tab })}
        onVariables={changes =>
          details
            .changeVariables(environment.id, changes)
            // The last check did not have the new variables.
            .then(() => environments.refresh())
        }
        basket={details.basket}
        onBasket={basket => {
          details.basket = basket;
        }}
        newer={details.newer}
        onNames={names => void details.askNewer(names)}
        copyName={freeName(`${environment.name}-copy`, environments.names)}
        onNote={(revision, note) =>
          details.annotate(environment.id, revision, note)
        }
        onCompare={revision =>
          navigation.open({
            name: 'compare',
            left: { environment: environment.id, revision },
            right: { environment: environment.id, revision: null }
          })
        }
        explain={({ name, source }) =>
          environments.client.why(environment.id, name, source)
        }
        search={this._search}
        openMenu={this._openMenu}
      />
    );
  }

  /** Load the details of the open environment, and again after each change of it. */
  private _loadDetails(): void {
    const { details, environments, navigation } = this._manager;
    const { screen } = navigation;
    const environment =
      screen.name === 'details' && environments.get(screen.environment);
    if (environment) {
      void details.load(environment.id, environment.modified);
    }
  }

  /** Search for the package in the list's filter. */
  private _findPackage(): void {
    this._manager.finder.follow(this._manager.navigation.filter);
  }

  private readonly _execute = (
    command: string,
    args?: ReadonlyPartialJSONObject
  ): void => {
    void this._commands.execute(command, args);
  };

  private readonly _plan = (request: PlanRequest): void => {
    void plan(this._commands, request);
  };

  private readonly _openFile = async (file: File): Promise<void> => {
    const limit = this._manager.status.status?.limits.import_bytes;
    // The server rejects larger files, so they are not sent.
    if (limit !== undefined && file.size > limit) {
      Notification.error(
        this._trans.__(
          '“%1” is too large to import: %2. The limit is %3.',
          file.name,
          formatBytes(file.size),
          formatBytes(limit)
        ),
        { autoClose: 5000 }
      );
      return;
    }
    this._execute(CommandIDs.importEnvironment, {
      content: await file.text(),
      fileName: file.name
    });
  };

  private readonly _arrive = (): void => this._focus.arrive();

  /** Go back with Escape, unless it clears a search. */
  private readonly _onKeyDown = (event: KeyboardEvent): void => {
    const { navigation } = this._manager;
    const field = event.target;
    const clears =
      field instanceof HTMLInputElement &&
      field.type === 'search' &&
      field.value !== '';
    if (
      event.key === 'Escape' &&
      !event.defaultPrevented &&
      !clears &&
      navigation.depth > 1
    ) {
      event.preventDefault();
      navigation.back();
    }
  };

  private readonly _back = (): void => this._manager.navigation.back();

  private readonly _search = (
    query: string
  ): ReturnType<ITfenvManager['catalog']['search']> =>
    this._manager.catalog.search(query);

  private readonly _recognize = (
    ...args: Parameters<ITfenvManager['plans']['recognize']>
  ): ReturnType<ITfenvManager['plans']['recognize']> =>
    this._manager.plans.recognize(...args);

  private readonly _openMenu = (id: string, anchor: HTMLElement): void =>
    openBelow(environmentMenu(this._commands, id), anchor);

  private readonly _commands: CommandRegistry;
  private readonly _focus: FocusTrail;
  private readonly _manager: ITfenvManager;
  private readonly _trans: TranslationBundle;
}

/** Calls a function when its screen was rendered, after the effects of the screen itself. */
function Arrival(props: { onArrive: () => void }): null {
  React.useEffect(() => props.onArrive(), []);
  return null;
}

export namespace TfenvPanel {
  export interface IOptions {
    readonly manager: ITfenvManager;
    readonly commands: CommandRegistry;
    readonly trans: TranslationBundle;
  }
}
