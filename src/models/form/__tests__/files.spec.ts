import { nullTranslator } from '@jupyterlab/translation';

import {
  exportKinds,
  isEnvironmentFile,
  proposeImportName,
  recognizeFormat
} from '../files';

const trans = nullTranslator.load('tfenv_lab');
const NONE: ReadonlySet<string> = new Set();

describe('the file of an environment', () => {
  it.each([
    ['name: tf\ndependencies:\n- numpy\n', 'environment-yml'],
    [
      '# platform: linux-64\n@EXPLICIT\nhttps://c/noarch/a-1-0.conda\n',
      'explicit'
    ],
    [
      'version: 1\nmetadata:\n  channels: []\npackage:\n- name: a\n',
      'conda-lock'
    ],
    [
      'version: 7\nenvironments:\n  default: {}\npackages:\n- conda: x\n',
      'pixi-lock'
    ],
    ['{"version": 1, "name": "tf", "fingerprint": "00"}', 'notebook'],
    ['{"cells": []}', null],
    ['just words', null],
    ['', null]
  ])('is recognizeFormatd by its text', (text, format) => {
    expect(recognizeFormat(text)).toBe(format);
  });

  it.each([
    'environment.yml',
    'environment-gpu.yaml',
    'tf.environment.yml',
    'conda-lock.yml',
    'pixi.lock',
    'tf.explicit.txt',
    'spec-file.txt'
  ])('is offered in the file browser: %s', name => {
    expect(isEnvironmentFile(name)).toBe(true);
  });

  it.each(['notes.txt', 'docker-compose.yml', 'model.keras', 'a.ipynb'])(
    'is not any other: %s',
    name => {
      expect(isEnvironmentFile(name)).toBe(false);
    }
  );

  it('is offered in the file browser under every name of an export', () => {
    for (const kind of exportKinds(trans)) {
      expect(isEnvironmentFile(kind.fileName('my env'))).toBe(true);
    }
  });

  it.each([
    ['name: tf219\ndependencies: []', 'environment.yml', 'tf219'],
    ['@EXPLICIT', 'mine.explicit.txt', 'mine'],
    ['@EXPLICIT', 'my models.txt', 'my-models'],
    ['@EXPLICIT', 'pixi.lock', 'imported'],
    ['@EXPLICIT', null, 'imported'],
    ['name: ../../etc\n', 'environment.yml', 'imported']
  ])('proposes a name', (text, file, name) => {
    expect(proposeImportName(text, file, NONE)).toBe(name);
  });

  it('proposes a name that is not taken', () => {
    const taken = new Set(['tf219']);
    expect(proposeImportName('name: tf219\n', null, taken)).toBe('tf219-2');
    expect(proposeImportName('name: base\n', null, taken)).toBe('base-2');
  });
});
