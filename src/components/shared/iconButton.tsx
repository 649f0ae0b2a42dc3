import type { LabIcon } from '@jupyterlab/ui-components';
import { Button } from '@jupyterlab/ui-components';
import React from 'react';

interface IIconButtonProps {
  readonly icon: LabIcon;
  /** Tooltip and accessible name. */
  readonly label: string;
  readonly onClick: (event: React.MouseEvent<HTMLButtonElement>) => void;
  readonly disabled?: boolean;
  /** Whether the button opens a menu. */
  readonly opensMenu?: boolean;
}

/** A button that shows only an icon. */
export function IconButton(props: IIconButtonProps): JSX.Element {
  return (
    <Button
      minimal
      small
      className="jp-TfenvIconButton"
      type="button"
      title={props.label}
      aria-label={props.label}
      aria-haspopup={props.opensMenu ? 'menu' : undefined}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" elementSize="normal" />
    </Button>
  );
}
