import { LabIcon } from '@jupyterlab/ui-components';

import errorSvg from '../style/icons/error.svg';
import panelSvg from '../style/icons/panel.svg';
import warningSvg from '../style/icons/warning.svg';

export const panelIcon = new LabIcon({
  name: 'tfenv-lab:panel',
  svgstr: panelSvg
});

export const warningIcon = new LabIcon({
  name: 'tfenv-lab:warning',
  svgstr: warningSvg
});

export const errorIcon = new LabIcon({
  name: 'tfenv-lab:error',
  svgstr: errorSvg
});
