import { nullTranslator } from '@jupyterlab/translation';
import * as fs from 'fs';
import * as path from 'path';

import { entry, failedJob, job, STATUS } from '../../../__tests__/fixtures';
import { freeName, nameProblem, proposeName } from '../../form/naming';
import { describeActive, describeOutcome } from '../announcements';
import { groupEntries } from '../planRows';
import { describeProgress, formatBytes, formatShare } from '../units';
import { compareVersions } from '../versions';

const trans = nullTranslator.load('tfenv_lab');
const NONE: ReadonlySet<string> = new Set();

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [24_000_000, '24 MB'],
    [1_540_000, '1.5 MB'],
    [999_600_000, '1 GB'],
    [1_500_000_000, '1.5 GB'],
    [41_000_000_000, '41 GB']
  ])('%i is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('shows a common unit once', () => {
    expect(formatShare(212e6, 340e6)).toBe('212 / 340 MB');
    expect(formatShare(900e6, 1.5e9)).toBe('900 MB / 1.5 GB');
  });
});

describe('compareVersions', () => {
  it.each([
    ['3.9', '3.10'],
    ['2.20.0rc0', '2.20.0'],
    ['2.20.0rc2', '2.20.0rc10'],
    ['12', '12.6']
  ])('%s is before %s', (a, b) => {
    expect(compareVersions(a, b)).toBeLessThan(0);
    expect(compareVersions(b, a)).toBeGreaterThan(0);
  });
});

describe('names', () => {
  it('are proposed from the release, and not taken', () => {
    expect(proposeName('2.19.1', NONE)).toBe('tf219');
    expect(proposeName('2.19.1', new Set(['tf219', 'tf219-2']))).toBe(
      'tf219-3'
    );
    expect(freeName('copy', NONE)).toBe('copy');
  });

  const { limits } = STATUS;

  it('follow the rules of the contract', () => {
    const contract = fs.readFileSync(
      path.resolve(__dirname, '../../../../tfenv_lab/rest-api.yaml'),
      'utf8'
    );
    expect(contract).toContain(`pattern: '${limits.name_pattern}'`);
    expect(contract).toContain(`'${limits.import_pattern}'`);
    expect(contract).toContain(`maxLength: ${limits.name_length}`);
  });

  // The same names as in tests/test_environment_names.py.
  it.each([
    ...['', '.', '..', 'a.', '.hidden', '-x', '+x', 'a/b', 'a\\b', 'a b'],
    ...['a\tb', 'a\n', 'a:b', 'a#b', '“a”', 'x'.repeat(65), 'base', 'Con.txt'],
    ...['a\u200eb', 'a\u2028b']
  ])('%j is refused', name => {
    expect(nameProblem(name, NONE, limits, trans)).not.toBeNull();
  });

  it.each([
    ...['tf219', '_x', '2', 'a.b', 'c++', 'x'.repeat(64), 'größe', 'тест'],
    ...['環境', '환경', 'bases', 'my.con', 'tf-2_x']
  ])('%j is taken', name => {
    expect(nameProblem(name, NONE, limits, trans)).toBeNull();
  });

  it('are left to the server until its rules are loaded', () => {
    expect(nameProblem('a b', NONE, limits, trans)).toBe(limits.name_hint);
    expect(nameProblem('a b', NONE, null, trans)).toBeNull();
    expect(nameProblem('', NONE, null, trans)).not.toBeNull();
  });

  it('cannot be those of existing environments', () => {
    expect(nameProblem('tf219', new Set(['tf219']), limits, trans)).toBe(
      'An environment with this name already exists.'
    );
  });
});

describe('describeProgress', () => {
  it.each([
    [{}, 'downloading 212 / 340 MB'],
    [{ phase: 'link' as const }, 'installing 30 / 68'],
    [{ phase: 'solve' as const }, 'solving'],
    [{ phase: 'swap' as const }, 'finishing'],
    [{ state: 'queued' as const, message: 'Waits for tf' }, 'Waits for tf'],
    [{ phase: null }, 'starting'],
    [{ phase: null, kind: 'delete' as const }, 'deleting']
  ])('%j is %s', (change, text) => {
    expect(describeProgress(job('1', 'tf', change), trans)).toBe(text);
  });

  it('names a busy server, and until when the job waits', () => {
    const until = '2026-01-01T12:00:05+00:00';
    const waiting_for = { host: 'conda.example', status: 429, until };
    const time = new Date(until).toLocaleTimeString();
    for (const phase of ['download', 'link', null] as const) {
      expect(
        describeProgress(job('1', 'tf', { phase, waiting_for }), trans)
      ).toBe(`waiting until ${time}, because conda.example is busy`);
    }
    expect(describeActive(job('1', 'tf', { waiting_for }), trans)).toBe(
      `Creating tf: waiting until ${time}, because conda.example is busy`
    );
  });

  it('shows the downloaded size if the total is not known', () => {
    const { progress } = job('1', 'tf');
    const some = job('1', 'tf', { progress: { ...progress, total_bytes: 0 } });
    expect(describeProgress(some, trans)).toBe('downloading 212 MB');
    const fast = { ...job('1', 'tf').progress, bytes_per_second: 3.2e6 };
    const timed = (seconds_left: number | null): string =>
      describeProgress(
        job('1', 'tf', { progress: { ...fast, seconds_left } }),
        trans
      );
    expect(timed(40)).toBe('downloading 212 / 340 MB · 3.2 MB/s · 40 s left');
    expect(timed(121)).toBe('downloading 212 / 340 MB · 3.2 MB/s · 3 min left');
    expect(timed(7500)).toMatch(/ · 2 h 5 min left$/);
    expect(timed(null)).toBe('downloading 212 / 340 MB · 3.2 MB/s');
  });
});

describe('announcements', () => {
  it('describe active and finished jobs', () => {
    expect(describeActive(job('1', 'tf'), trans)).toBe(
      'Creating tf: downloading'
    );
    const done = job('1', 'tf', { state: 'succeeded' });
    expect(describeOutcome(done, trans)).toEqual({
      message: 'tf is ready.',
      type: 'success'
    });
    expect(describeOutcome(failedJob('1', 'tf'), trans)).toEqual({
      message:
        'Creating tf: The channel conda-forge did not answer. Check the network of the server.',
      type: 'error'
    });
  });

  it('say what did not work in place of the success', () => {
    const warning = {
      code: 'kernel-not-registered',
      severity: 'warning' as const,
      message: 'Kernels cannot be registered in /kernels.',
      plan_request: null,
      items: []
    };
    const done = job('1', 'tf', {
      state: 'succeeded',
      message: 'The environment was created, but it has no kernel',
      warnings: [{ ...warning, severity: 'info' }, warning]
    });
    expect(describeOutcome(done, trans)).toEqual({
      message:
        'tf: The environment was created, but it has no kernel. Kernels cannot be registered in /kernels.',
      type: 'warning'
    });
  });

  it('distinguish a change from a copy', () => {
    const request = {
      kind: 'update' as const,
      environment: 'id',
      packages: ['tensorflow']
    };
    const outcome = (into: string | null) =>
      describeOutcome(
        job('1', into ?? 'tf', {
          kind: 'update',
          state: 'succeeded',
          request: { ...request, into }
        }),
        trans
      ).message;
    expect(outcome(null)).toBe('tf was updated.');
    expect(outcome('tf-2')).toBe('tf-2 is ready.');
  });

  it('report a check with problems as a warning', () => {
    const done = job('1', 'tf', { kind: 'check', state: 'succeeded' });
    expect(describeOutcome(done, trans).type).toBe('warning');
  });
});

describe('groupEntries', () => {
  it('puts requested packages first, and keeps the order of the server', () => {
    const groups = groupEntries([
      entry('install', 'zlib', null, '1.3'),
      entry('upgrade', 'numpy', '2.0', '2.1'),
      entry('remove', 'tensorflow-estimator', '2.15', null),
      entry('upgrade', 'tensorflow', '2.15', '2.19', { requested: true }),
      entry('install', 'absl-py', null, '2.3')
    ]);
    const names = (entries: readonly { name: string }[]): string[] =>
      entries.map(item => item.name);
    expect(names(groups.requested)).toEqual(['tensorflow']);
    expect(names(groups.changed)).toEqual(['numpy']);
    expect(names(groups.removed)).toEqual(['tensorflow-estimator']);
    expect(names(groups.added)).toEqual(['zlib', 'absl-py']);
  });
});
