import { readFileSync } from 'fs';
import { join } from 'path';

import type { TranslationBundle } from '@jupyterlab/translation';
import {
  Gettext,
  nullTranslator,
  TranslationManager
} from '@jupyterlab/translation';

import { failure, FakeServer } from '../../__tests__/fakeServer';
import { request, RequestError } from '../request';
import { setTranslations, translated } from '../translation';

const GERMAN = {
  '': {
    domain: 'tfenv_lab',
    language: 'de-DE',
    pluralForms: 'nplurals=2; plural=(n != 1);'
  },
  '“{name}” is a reserved name.': ['„{name}“ ist ein reservierter Name.'],
  '{count} file': ['{count} Datei', '{count} Dateien'],
  '{what} could not be deleted.': ['Nicht gelöscht: {what}.'],
  'The Jupyter server does not respond.': [
    'Der Jupyter-Server antwortet nicht.'
  ]
};

function german(): TranslationBundle {
  const bundle = new Gettext({ domain: 'tfenv_lab', locale: 'de-DE' });
  bundle.loadJSON(GERMAN as never, 'tfenv_lab');
  return bundle as unknown as TranslationBundle;
}

function sentence(
  template: string,
  params: object = {},
  plural: string | null = null
): object {
  return { template, plural, params };
}

const RESERVED = sentence('“{name}” is a reserved name.', { name: 'con' });

describe('translated', () => {
  beforeEach(() => setTranslations(german()));

  afterEach(() => setTranslations(nullTranslator.load('tfenv_lab')));

  it('translates the fields that the server names, at any depth', () => {
    const body = { message: 'English', sentences: { message: RESERVED } };
    const german = expect.objectContaining({
      message: '„con“ ist ein reservierter Name.'
    });
    expect(translated(body)).toEqual(german);
    expect(translated({ list: [{ error: body }] })).toEqual({
      list: [{ error: german }]
    });
  });

  it.each([
    [1, 'Nicht gelöscht: 1 Datei.'],
    [3, 'Nicht gelöscht: 3 Dateien.']
  ])('translates the sentences inside a sentence: %s', (count, message) => {
    const what = sentence('{count} file', { count }, '{count} files');
    const sentences = {
      message: sentence('{what} could not be deleted.', { what })
    };
    expect(translated({ message: '', sentences }).message).toBe(message);
  });

  it('fills in a sentence that has no translation', () => {
    const sentences = { message: sentence('{a} and {b}', { a: '{b}', b: 2 }) };
    expect(translated({ message: '', sentences }).message).toBe('{b} and 2');
  });

  it.each([
    [{ message: 'English' }],
    [{ message: 'English', sentences: {} }],
    [{ message: 'English', sentences: { message: null } }],
    [{ message: 'English', sentences: 'a variable of this name' }],
    [[null, 'English', 1, true]]
  ])('keeps other texts: %j', body => {
    expect(translated(body)).toEqual(body);
  });

  it('translates errors of the server and of the client', async () => {
    const answer = failure(422, 'invalid-name', 'English');
    const server = new FakeServer({
      'GET jobs': {
        status: 422,
        body: { ...answer.body, sentences: { message: RESERVED } }
      }
    });
    const told = async (): Promise<string> =>
      request('jobs', {}, server.settings).then(
        () => '',
        error => (error as RequestError).message
      );
    expect(await told()).toBe('„con“ ist ein reservierter Name.');
    server.isDown = true;
    expect(await told()).toBe('Der Jupyter-Server antwortet nicht.');
  });
});

test("JupyterLab's front end finds the texts of the German catalog", async () => {
  const path = '../../../tfenv_lab/locale/de_DE/LC_MESSAGES/tfenv_lab.json';
  const catalog = JSON.parse(readFileSync(join(__dirname, path), 'utf-8'));
  const connector = {
    fetch: async () => ({ data: { tfenv_lab: catalog }, message: '' })
  };
  const manager = new TranslationManager('', '', undefined, connector as never);
  await manager.fetch('de_DE');
  const trans = manager.load('tfenv_lab');
  expect(trans.__('New Environment')).toBe('Neue Umgebung');
  expect(trans._n('%1 item', '%1 items', 2)).toBe('2 Elemente');
});
