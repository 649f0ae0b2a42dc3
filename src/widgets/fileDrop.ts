import type { Drag } from '@lumino/dragdrop';

/** MIME type of drags from the file browser, which carry paths below the server's root directory. */
const CONTENTS_MIME = 'application/x-jupyter-icontents';

/** Receiver of dropped files. */
export interface IFileReceiver {
  /** Receives a file from the desktop. */
  readonly onFile: (file: File) => void;
  /** Receives the path of a file from the file browser. */
  readonly onPath: (path: string) => void;
}

/** Make an element accept files from the desktop and from JupyterLab's file browser. */
export function acceptFiles(node: HTMLElement, receiver: IFileReceiver): void {
  const mark = (isOver: boolean): void => {
    node.classList.toggle('jp-mod-dropTarget', isOver);
  };
  const onDesktop = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes('Files')) {
      return;
    }
    event.preventDefault();
    mark(event.type === 'dragenter' || event.type === 'dragover');
    const file = event.type === 'drop' && event.dataTransfer.files[0];
    if (file) {
      receiver.onFile(file);
    }
  };
  const onLumino = (event: Event): void => {
    const drag = event as Drag.Event;
    if (!drag.mimeData.hasData(CONTENTS_MIME)) {
      return;
    }
    drag.preventDefault();
    drag.stopPropagation();
    mark(drag.type === 'lm-dragenter' || drag.type === 'lm-dragover');
    if (drag.type === 'lm-dragover') {
      drag.dropAction = drag.proposedAction;
    } else if (drag.type === 'lm-drop') {
      const [path] = drag.mimeData.getData(CONTENTS_MIME) as string[];
      receiver.onPath(path);
    }
  };
  for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) {
    node.addEventListener(name, event => onDesktop(event as DragEvent));
    node.addEventListener(`lm-${name}`, onLumino);
  }
}
