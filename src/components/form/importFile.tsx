import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { ImportRequest, Limits } from '../../api/generated';
import {
  formatLabel,
  proposeImportName,
  recognizeFormat
} from '../../models/form/files';
import { nameProblem } from '../../models/form/naming';
import type { IImportDraft } from '../../models/state/navigation';
import { NameField } from './environmentFields';

interface IImportFileProps {
  readonly draft: IImportDraft;
  /** Names of existing environments. */
  readonly names: ReadonlySet<string>;
  /** The server's rules for names; null until it responds. */
  readonly limits: Limits | null;
  readonly trans: TranslationBundle;
  readonly onDraft: (draft: IImportDraft) => void;
  readonly onFile: (file: File) => void;
  readonly onReview: (request: ImportRequest) => void;
}

/** The import form. The file can be dropped, chosen or pasted. */
export function ImportFile(props: IImportFileProps): JSX.Element {
  const { draft, trans, onDraft } = props;
  const id = React.useId();
  const chooser = React.useRef<HTMLInputElement>(null);
  const format = recognizeFormat(draft.content);
  const name =
    draft.name ?? proposeImportName(draft.content, draft.fileName, props.names);
  const problem = nameProblem(name, props.names, props.limits, trans);
  const hint =
    draft.content.trim() === ''
      ? trans.__(
          'Supported: environment.yml, explicit list, conda-lock.yml, pixi.lock'
        )
      : format
        ? formatLabel(format, trans)
        : trans.__('This does not look like an environment file.');
  return (
    <form
      className="jp-TfenvBody jp-TfenvForm"
      onSubmit={event => {
        event.preventDefault();
        const { content } = draft;
        props.onReview({ kind: 'import', name, content, format: null });
      }}
    >
      <div className="jp-TfenvField">
        <label htmlFor={id}>{trans.__('File')}</label>
        <textarea
          id={id}
          className="jp-mod-styled jp-TfenvImport-text"
          rows={10}
          spellCheck={false}
          placeholder={trans.__('Drop a file here or paste its text.')}
          value={draft.content}
          aria-describedby={`${id}-format`}
          onChange={event =>
            onDraft({ ...draft, content: event.target.value, fileName: null })
          }
        />
        <p id={`${id}-format`} className="jp-TfenvHint" role="status">
          {draft.fileName && `${draft.fileName} · `}
          {hint}
        </p>
        <button
          type="button"
          className="jp-TfenvLink"
          onClick={() => chooser.current?.click()}
        >
          {trans.__('Choose File…')}
        </button>
        <input
          ref={chooser}
          type="file"
          hidden
          aria-label={trans.__('Choose File…')}
          accept=".yml,.yaml,.lock,.txt"
          onChange={event => {
            const file = event.target.files?.[0];
            // Without this, choosing the same file again would not be a change.
            event.target.value = '';
            if (file) {
              props.onFile(file);
            }
          }}
        />
      </div>
      <NameField
        name={name}
        problem={problem}
        trans={trans}
        onChange={value => onDraft({ ...draft, name: value })}
      />
      <div className="jp-TfenvButtons">
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          disabled={problem !== null || draft.content.trim() === ''}
        >
          {trans.__('Review Plan…')}
        </button>
      </div>
    </form>
  );
}
