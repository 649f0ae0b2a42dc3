import { caretLeftIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IconButton } from './iconButton';

interface IScreenHeaderProps {
  readonly title: string;
  readonly trans: TranslationBundle;
  /** Null on the first screen. */
  readonly onBack: (() => void) | null;
  /** Buttons after the title. */
  readonly children?: React.ReactNode;
}

/** Title of a screen. It takes the focus when the screen opens, so that the keyboard continues from there. */
export function ScreenHeader(props: IScreenHeaderProps): JSX.Element {
  const heading = React.useRef<HTMLHeadingElement>(null);
  const isSubscreen = props.onBack !== null;
  React.useEffect(() => {
    if (isSubscreen) {
      heading.current?.focus({ preventScroll: true });
    }
  }, [isSubscreen]);
  return (
    <div className="jp-TfenvHeader">
      {props.onBack && (
        <IconButton
          icon={caretLeftIcon}
          label={props.trans.__('Back')}
          onClick={props.onBack}
        />
      )}
      <h2 ref={heading} tabIndex={-1} title={props.title}>
        {props.title}
      </h2>
      {props.children}
    </div>
  );
}
