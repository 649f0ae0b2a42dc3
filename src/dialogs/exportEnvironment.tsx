import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import type { Environment } from '../api/generated';
import type { IExportKind } from '../models/form/files';
import { exportKinds } from '../models/form/files';

/** The chosen file format, and where the file goes. */
export interface IExportChoice {
  readonly kind: IExportKind;
  readonly to: 'download' | 'folder';
}

/**
 * Ask for the file format and where the file goes.
 *
 * @param exporters - The names of the formats that extensions of the server add.
 * @param folder - The file browser's folder; null if there is none.
 * @returns null if the user cancels.
 */
export async function askExport(
  environment: Environment,
  exporters: readonly string[],
  folder: string | null,
  trans: TranslationBundle
): Promise<IExportChoice | null> {
  const kinds = exportKinds(trans, exporters);
  const body = new ExportBody(environment, kinds, trans);
  const buttons = [
    Dialog.cancelButton({ label: trans.__('Cancel') }),
    Dialog.createButton({
      label: trans.__('Save in Folder'),
      caption: trans.__('Save in “%1” in the file browser', `/${folder ?? ''}`),
      // A dialog has only one primary button.
      accept: false,
      actions: ['folder']
    }),
    Dialog.okButton({ label: trans.__('Download') })
  ];
  const answer = await showDialog({
    title: trans.__('Export %1', environment.name),
    body,
    buttons: buttons.filter(
      button => folder !== null || !button.actions.includes('folder')
    )
  });
  const isFolder = answer.button.actions.includes('folder');
  return isFolder || answer.button.accept
    ? { kind: body.getValue(), to: isFolder ? 'folder' : 'download' }
    : null;
}

/** A field with the file formats. */
class ExportBody
  extends ReactWidget
  implements Dialog.IBodyWidget<IExportKind>
{
  constructor(
    private readonly _environment: Environment,
    private readonly _kinds: readonly IExportKind[],
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-TfenvDialog');
  }

  getValue(): IExportKind {
    return this._kinds[this._chosen];
  }

  protected override render(): JSX.Element {
    const { fileName } = this.getValue();
    return (
      <>
        <label className="jp-TfenvField">
          <span>{this._trans.__('File format')}</span>
          <HTMLSelect
            value={String(this._chosen)}
            onChange={event => {
              this._chosen = Number(event.target.value);
              this.update();
            }}
          >
            {this._kinds.map((kind, index) => (
              <option key={index} value={index}>
                {kind.label}
              </option>
            ))}
          </HTMLSelect>
        </label>
        <p className="jp-TfenvHint" role="status">
          {fileName(this._environment.name)}
        </p>
      </>
    );
  }

  private _chosen = 0;
}
