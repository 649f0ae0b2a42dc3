import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import React from 'react';

import type { Plan, PlanRequest } from '../api/generated';
import { CommandIDs } from '../commandids';
import { Footer } from '../components/footer/footer';
import { panelIcon } from '../icons';
import type { Screen } from '../models/state/navigation';
import { formatBytes } from '../models/texts/units';
import { plan } from '../plan';
import { CompareScreen } from '../screens/compareScreen';
import { CompatibilityScreen } from '../screens/compatibilityScreen';
import { DetailsScreen } from '../screens/detailsScreen';
import { ImportScreen } from '../screens/importScreen';
import { ListScreen } from '../screens/listScreen';
import { NewScreen } from '../screens/newScreen';
import type { IScreenProps } from '../screens/props';
import { ReviewScreen } from '../screens/reviewScreen';
import { SpaceScreen } from '../screens/spaceScreen';
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
    this._manager.jobs.watched = true;
    void this._manager.status.refresh();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._manager.environments.watched = false;
    this._manager.jobs.watched = false;
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this._focus.enter();
  }

  protected override render(): JSX.Element {
    const { jobs, navigation, plans, status } = this._manager;
    const { screen } = navigation;
    // Of several plans, each is a screen of its own.
    const part = screen.name === 'review' ? plans.then.length : '';
    const key = 'environment' in screen ? screen.environment : part;
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
    const props: IScreenProps = {
      manager: this._manager,
      trans: this._trans,
      execute: this._execute,
      onPlan: this._plan,
      onBack: this._back
    };
    switch (screen.name) {
      case 'list':
        return (
          <ListScreen
            {...props}
            openMenu={this._openMenu}
            openPanelMenu={this._openPanelMenu}
            isEnabled={command => this._commands.isEnabled(command)}
          />
        );
      case 'new':
        return <NewScreen {...props} />;
      case 'import':
        return <ImportScreen {...props} onFile={this._openFile} />;
      case 'review':
        return <ReviewScreen {...props} onApply={this._applyPlan} />;
      case 'space':
        return <SpaceScreen {...props} />;
      case 'compatibility':
        return <CompatibilityScreen {...props} />;
      case 'compare':
        return <CompareScreen {...props} screen={screen} />;
      case 'details':
        return (
          <DetailsScreen {...props} screen={screen} openMenu={this._openMenu} />
        );
    }
  }

  /** Load the details of the open environment, and again after each change of it. */
  private _loadDetails(): void {
    const { details, environments, navigation } = this._manager;
    const { screen } = navigation;
    const environment =
      screen.name === 'details' && environments.get(screen.environment);
    if (environment) {
      void details.load(environment.id, environment.modified);
      void this._manager.clusters.load();
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

  /** Go back with Escape, unless it clears a search or closes a form within the screen. */
  private readonly _onKeyDown = (event: KeyboardEvent): void => {
    const { navigation } = this._manager;
    const field = event.target;
    const closes =
      field instanceof Element && field.closest('[data-own-escape]') !== null;
    const clears =
      field instanceof HTMLInputElement &&
      field.type === 'search' &&
      field.value !== '';
    if (
      event.key === 'Escape' &&
      !event.defaultPrevented &&
      !clears &&
      !closes &&
      navigation.depth > 1
    ) {
      event.preventDefault();
      navigation.back();
    }
  };

  private readonly _back = (): void => this._manager.navigation.back();

  private readonly _applyPlan = (plan: Plan): void => {
    this._focus.target = plan.prefix;
    this._execute(CommandIDs.applyPlan, { plan: plan.id });
  };

  private readonly _openMenu = (id: string, anchor: HTMLElement): void =>
    openBelow(environmentMenu(this._commands, id), anchor);

  private readonly _openPanelMenu = (anchor: HTMLElement): void =>
    openBelow(panelMenu(this._commands), anchor);

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
