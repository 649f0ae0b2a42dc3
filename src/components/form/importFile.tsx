import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type {
  ImportRequest,
  Limits,
  RecognizedFile
} from '../../api/generated';
import { formatLabel } from '../../models/form/files';
import { importRequest } from '../../models/form/importChoice';
import { freeName, nameProblem } from '../../models/form/naming';
import type { IImportDraft } from '../../models/state/navigation';
import { NameField } from './environmentFields';
import type { IImportMachine } from './importChoices';
import { ImportChoices } from './importChoices';

/** Milliseconds after the last key before the server is asked what the text is. */
const DEBOUNCE = 300;

/** Asks the server for the format of a text, and for a name. */
type Recognize = (
  content: string,
  fileName: string | null
) => Promise<RecognizedFile>;

/** Ask the server what a text is, once the user stops typing; null until it responds, and for an empty text. */
function useRecognized(
  content: string,
  fileName: string | null,
  recognize: Recognize
): RecognizedFile | null {
  const [found, setFound] = React.useState<RecognizedFile | null>(null);
  React.useEffect(() => {
    let isCurrent = true;
    setFound(null);
    if (content.trim() === '') {
      return;
    }
    const timer = setTimeout(async () => {
      // Without an answer, the form asks for a name, and the plan shows the error.
      const answer = await recognize(content, fileName).catch(() => null);
      if (isCurrent) {
        setFound(answer);
      }
    }, DEBOUNCE);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [content, fileName, recognize]);
  return found;
}

interface IImportFileProps {
  readonly draft: IImportDraft;
  /** Names of existing environments. */
  readonly names: ReadonlySet<string>;
  /** The server's rules for names; null until it responds. */
  readonly limits: Limits | null;
  readonly machine: IImportMachine;
  readonly trans: TranslationBundle;
  readonly onDraft: (draft: IImportDraft) => void;
  readonly recognize: Recognize;
  /** Called when a file needs a CUDA version, to load those of the channels. */
  readonly onNeedsCuda: () => void;
  readonly onFile: (file: File) => void;
  readonly onReview: (request: ImportRequest) => void;
}

/** The import form. The file can be dropped, chosen or pasted. */
export function ImportFile(props: IImportFileProps): JSX.Element {
  const { draft, trans, onDraft } = props;
  const id = React.useId();
  const chooser = React.useRef<HTMLInputElement>(null);
  const found = useRecognized(draft.content, draft.fileName, props.recognize);
  const name = draft.name ?? (found ? freeName(found.name, props.names) : '');
  const isEmpty = draft.content.trim() === '';
  const problem = nameProblem(name, props.names, props.limits, trans);
  const hint = isEmpty
    ? trans.__(
        'Supported: environment.yml, requirements.txt, explicit lists, the locks and manifests of conda-lock, pixi and pip, Dockerfiles'
      )
    : (found?.message ??
      (found?.format ? formatLabel(found.format, trans) : ''));
  const needsCuda = found?.needs_cuda === true && props.machine.cuda === null;
  const { onNeedsCuda } = props;
  React.useEffect(() => {
    if (needsCuda) {
      onNeedsCuda();
    }
  }, [needsCuda, onNeedsCuda]);
  return (
    <form
      className="jp-TfenvBody jp-TfenvForm"
      onSubmit={event => {
        event.preventDefault();
        props.onReview({
          ...importRequest(found, draft.content, name, draft.choice),
          ...(draft.fileName !== null && { file: draft.fileName })
        });
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
            onDraft({
              ...draft,
              content: event.target.value,
              fileName: null
            })
          }
        />
        <p id={`${id}-format`} className="jp-TfenvHint" role="status">
          {[draft.fileName, hint].filter(Boolean).join(' · ')}
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
      {found && (
        <ImportChoices
          file={found}
          choice={draft.choice}
          machine={props.machine}
          trans={trans}
          onChoice={choice => onDraft({ ...draft, choice })}
        />
      )}
      <NameField
        name={name}
        // A name that is not proposed yet is not a problem to show.
        problem={name === '' && draft.name === null ? null : problem}
        trans={trans}
        onChange={value => onDraft({ ...draft, name: value })}
      />
      <div className="jp-TfenvButtons">
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          disabled={problem !== null || isEmpty}
        >
          {trans.__('Review Plan…')}
        </button>
      </div>
    </form>
  );
}
