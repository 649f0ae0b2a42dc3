import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { ImportRequest, Limits } from '../../api/generated';
import {
  formatLabel,
  proposeImportName,
  recognise
} from '../../models/form/files';
import { nameProblem } from '../../models/form/naming';
import type { IImportDraft } from '../../models/state/navigation';
import { NameField } from './environmentFields';

export interface IImportFileProps {
  readonly draft: IImportDraft;
  /** Names that are taken. */
  readonly names: ReadonlySet<string>;
  /** The server's rule for names; null while it has not answered. */
  readonly limits: Limits | null;
  readonly trans: TranslationBundle;
  readonly onDraft: (draft: IImportDraft) => void;
  readonly onFile: (file: File) => void;
  readonly onReview: (request: ImportRequest) => void;
}

/** The form of an environment made from a file: dropped, chosen or pasted. */
export function ImportFile(props: IImportFileProps): JSX.Element {
  const { draft, trans, onDraft } = props;
  const id = React.useId();
  const chooser = React.useRef<HTMLInputElement>(null);
  const format = recognise(draft.content);
  const name =
    draft.name ?? proposeImportName(draft.content, draft.fileName, props.names);
  const problem = nameProblem(name, props.names, props.limits, trans);
  const hint =
    draft.content.trim() === ''
      ? trans.__('environment.yml, explicit list, conda-lock.yml or pixi.lock')
      : format
        ? formatLabel(format, trans)
        : trans.__('This does not look like a file of an environment.');
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
          placeholder={trans.__('Drop a file here, or paste its text.')}
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
          {trans.__('Choose a file…')}
        </button>
        <input
          ref={chooser}
          type="file"
          hidden
          aria-label={trans.__('Choose a file…')}
          accept=".yml,.yaml,.lock,.txt"
          onChange={event => {
            const file = event.target.files?.[0];
            // Choosing the same file again is a change, too.
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
          {trans.__('Review')}
        </button>
      </div>
    </form>
  );
}
