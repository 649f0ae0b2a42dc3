import { VDomModel } from '@jupyterlab/ui-components';

import type { IChoice } from '../form/choices';
import type { IImportChoice } from '../form/importChoice';
import type { GroupName, Sort } from './listRows';

/** The tabs of an environment's details. */
export const DETAILS_TABS = [
  'packages',
  'history',
  'variables',
  'check',
  'cluster'
] as const;
export type DetailsTab = (typeof DETAILS_TABS)[number];

/** An environment as it is, or at a revision. */
export interface IComparedSide {
  /** Id of the environment. */
  readonly environment: string;
  readonly revision: number | null;
}

/** A screen of the panel. */
export type Screen =
  | { readonly name: 'list' }
  | { readonly name: 'new' }
  | { readonly name: 'import' }
  | { readonly name: 'review' }
  | { readonly name: 'space' }
  | { readonly name: 'compatibility' }
  | {
      readonly name: 'compare';
      readonly left: IComparedSide;
      readonly right: IComparedSide;
    }
  | {
      readonly name: 'details';
      readonly environment: string;
      readonly tab: DetailsTab;
    };

/** Contents of the new-environment form; a field is null until the user edits it. */
export interface IDraft {
  readonly choice: IChoice | null;
  readonly name: string | null;
  readonly packages: readonly string[] | null;
  /** Whether prereleases are listed. */
  readonly prereleases: boolean;
  /** Directory for the environment; null for the usual one. */
  readonly envsDir: string | null;
  /** URLs of channels; null for the configured ones. */
  readonly channels: readonly string[] | null;
}

export const EMPTY_DRAFT: IDraft = {
  choice: null,
  name: null,
  packages: null,
  prereleases: false,
  envsDir: null,
  channels: null
};

/** The notebook that a new environment is for. */
export interface IOrigin {
  /** Id of its widget. */
  readonly notebook: string;
  /** Id of the cell that failed; null if none did. */
  readonly cell: string | null;
}

/** Contents of the import form; `name` is null until the user edits it. */
export interface IImportDraft {
  readonly content: string;
  readonly fileName: string | null;
  readonly name: string | null;
  readonly choice: IImportChoice;
}

const EMPTY_IMPORT: IImportDraft = {
  content: '',
  fileName: null,
  name: null,
  choice: {}
};

/**
 * Model of the open screens and the contents of their forms.
 */
export class NavigationModel extends VDomModel {
  get screen(): Screen {
    return this._screens[this._screens.length - 1];
  }

  /** The open screens, the first one at the bottom. */
  get screens(): readonly Screen[] {
    return this._screens;
  }

  /** Number of open screens. */
  get depth(): number {
    return this._screens.length;
  }

  get draft(): IDraft {
    return this._draft;
  }
  set draft(draft: IDraft) {
    this._draft = draft;
    this.stateChanged.emit();
  }

  get importDraft(): IImportDraft {
    return this._importDraft;
  }
  set importDraft(draft: IImportDraft) {
    this._importDraft = draft;
    this.stateChanged.emit();
  }

  /** The notebook that the environment under way is for; null if it is for none. */
  get origin(): IOrigin | null {
    return this._origin;
  }
  set origin(origin: IOrigin | null) {
    this._origin = origin;
  }

  /** Packages that the new-environment form suggests. */
  get defaultPackages(): readonly string[] {
    return this._defaultPackages;
  }
  set defaultPackages(packages: readonly string[]) {
    this._defaultPackages = packages;
    this.stateChanged.emit();
  }

  /** Ids of the selected environments; null unless several are being selected. */
  get selected(): ReadonlySet<string> | null {
    return this._selected;
  }
  set selected(selected: ReadonlySet<string> | null) {
    this._selected = selected;
    this.stateChanged.emit();
  }

  /** Text of the list's filter. */
  get filter(): string {
    return this._filter;
  }
  set filter(filter: string) {
    this._filter = filter;
    this.stateChanged.emit();
  }

  /** Sort key of the list. */
  get sort(): Sort {
    return this._sort;
  }
  set sort(sort: Sort) {
    if (sort !== this._sort) {
      this._sort = sort;
      this.stateChanged.emit();
    }
  }

  /** Groups of the list that are expanded. */
  get openGroups(): ReadonlySet<GroupName> {
    return this._openGroups;
  }

  /** Expand or collapse a group of the list. */
  setGroupOpen(group: GroupName, isOpen: boolean): void {
    if (isOpen !== this._openGroups.has(group)) {
      const others = [...this._openGroups].filter(item => item !== group);
      this._openGroups = new Set(isOpen ? [...others, group] : others);
      this.stateChanged.emit();
    }
  }

  /** Open a screen on top of the current one. It replaces an open screen of the same name. */
  open(screen: Screen): void {
    const below = this._screens.filter(item => item.name !== screen.name);
    this._screens = screen.name === 'list' ? [screen] : [...below, screen];
    this.stateChanged.emit();
  }

  /** Close the current screen. */
  back(): void {
    if (this._screens.length > 1) {
      this._screens = this._screens.slice(0, -1);
      this._origin = this._screens.length > 1 ? this._origin : null;
      this.stateChanged.emit();
    }
  }

  /** Go to the list and clear the forms. */
  home(): void {
    this._draft = EMPTY_DRAFT;
    this._importDraft = EMPTY_IMPORT;
    this._origin = null;
    this.open({ name: 'list' });
  }

  private _defaultPackages: readonly string[] = [];
  private _draft: IDraft = EMPTY_DRAFT;
  private _filter = '';
  private _importDraft: IImportDraft = EMPTY_IMPORT;
  private _openGroups: ReadonlySet<GroupName> = new Set(['tensorflow']);
  private _origin: IOrigin | null = null;
  private _screens: readonly Screen[] = [{ name: 'list' }];
  private _selected: ReadonlySet<string> | null = null;
  private _sort: Sort = 'name';
}
