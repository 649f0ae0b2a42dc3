import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { IconButton } from '../shared/iconButton';

interface ICommandLinesProps {
  readonly commands: readonly string[];
  readonly trans: TranslationBundle;
  readonly onCopy: (text: string) => void;
}

/** The conda command lines that make the same change. */
export function CommandLines(props: ICommandLinesProps): JSX.Element | null {
  const { commands, trans } = props;
  const text = commands.join('\n');
  return commands.length === 0 ? null : (
    <div className="jp-TfenvCommands">
      <details>
        <summary>
          {trans._n(
            'Equivalent conda command',
            'Equivalent conda commands',
            commands.length
          )}
        </summary>
        <pre tabIndex={0}>{text}</pre>
      </details>
      <IconButton
        icon={copyIcon}
        label={trans.__('Copy conda command')}
        onClick={() => props.onCopy(text)}
      />
    </div>
  );
}
