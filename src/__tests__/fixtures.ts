import type {
  Check,
  Disk,
  Entry,
  Environment,
  Job,
  NotebookRecord,
  Plan,
  RecognizedFile,
  Status
} from '../api/generated';
import type { FailedJob } from '../api/jobs';

const PREFIX = '/home/ada/.conda/envs';

/** The channel of the catalog and of the status. */
export const CHANNEL = {
  name: 'conda-forge',
  url: 'https://conda.anaconda.org/conda-forge'
};

export function environment(
  name: string,
  change: Partial<Environment> = {}
): Environment {
  return {
    id: `id-${name}`,
    name,
    prefix: `${PREFIX}/${name}`,
    python: '3.11.9',
    tensorflow: {
      version: '2.19.1',
      build: 'cpu_py311h6ac8430_0',
      variant: 'cpu',
      source: 'conda'
    },
    keras: { version: '3.12.0', source: 'conda' },
    legacy_keras: { available: true, version: null, enabled: false },
    kernel: {
      name: `conda-env-${name}-py`,
      display_name: `${name} (TensorFlow 2.19.1)`
    },
    hidden: false,
    outdated_kernels: [],
    former_kernels: [],
    writable: true,
    protected: false,
    protected_reason: null,
    modified: '2026-03-01T10:00:00Z',
    digest: null,
    update: { tensorflow: null, keras: null },
    check: null,
    busy: null,
    shared: null,
    over: null,
    advice: [],
    ...change
  };
}

export function job(id: string, name: string, change: Partial<Job> = {}): Job {
  return {
    id,
    kind: 'create',
    name,
    prefix: `${PREFIX}/${name}`,
    environment: null,
    state: 'running',
    phase: 'download',
    automatic: false,
    progress: {
      done_bytes: 212e6,
      total_bytes: 340e6,
      done_packages: 30,
      total_packages: 68,
      fraction: 0.4,
      bytes_per_second: null,
      seconds_left: null
    },
    message: 'Downloading',
    created: new Date(Date.now() - 60_000).toISOString(),
    started: new Date(Date.now() - 59_000).toISOString(),
    finished: null,
    error: null,
    result: null,
    request: null,
    warnings: [],
    leftovers: [],
    undo: null,
    waiting_for: null,
    nodes: [],
    cluster: null,
    ...change
  };
}

/** Create a job that failed just now. */
export function failedJob(
  id: string,
  name: string,
  change: Partial<FailedJob> = {}
): FailedJob {
  return {
    ...job(id, name),
    state: 'failed',
    phase: null,
    finished: new Date().toISOString(),
    error: {
      reason: 'channel-unreachable',
      message: 'The channel conda-forge did not answer.',
      hint: 'Check the network of the server.',
      details: 'connection refused',
      alternatives: [],
      lasting: false
    },
    ...change
  };
}

export const STATUS: Status = {
  version: '0.1.0',
  platform: 'linux-64',
  virtual_packages: [{ name: '__glibc', version: '2.36', build: '0' }],
  gpu: { detected: false, cuda: null, driver: null, devices: [] },
  local_channel: {
    available: true,
    reason: null,
    active: false,
    seconds: 3,
    bytes: 30e6
  },
  channels: [CHANNEL],
  allowed_channels: [CHANNEL],
  indexes: [{ url: 'https://pypi.org/simple', flat: false }],
  exporters: [],
  warnings: [],
  envs_dir: PREFIX,
  envs_dirs: [{ path: PREFIX, writable: true, reason: null, free_bytes: 41e9 }],
  limits: {
    // The patterns in rest-api.yaml.
    name_pattern:
      '^(?!.*\\.$)[A-Za-z0-9_\\u00C0-\\u024F\\u0370-\\u1FFF\\u3040-\\uD7FF][A-Za-z0-9_\\u00C0-\\u024F\\u0370-\\u1FFF\\u3040-\\uD7FF.+-]*$',
    name_length: 64,
    name_hint: 'Use letters and digits.',
    reserved_names: ['base', 'con'],
    undo_minutes: 10,
    max_environments: null,
    max_bytes: null,
    import_bytes: 5e6,
    import_pattern:
      '^(?!(yarn|cargo|composer|gemfile|podfile|poetry|pipfile|pdm|flake|mix|bun|deno|package|\\.terraform)[^/]*\\.lock$)(.*\\.(ya?ml|txt|lock|toml|ipynb)|(.*\\.)?(docker|container)file(\\.[^/]*)?)$'
  }
};

/** The text of an environment.yml file. */
export const ENVIRONMENT_YML = 'name: mine\ndependencies:\n- numpy\n';

/** What the server says about a text. */
export function recognized(
  format: RecognizedFile['format'],
  name: string,
  more: Partial<RecognizedFile> = {}
): RecognizedFile {
  return {
    format,
    name,
    message: null,
    offered: format !== null,
    environments: [],
    categories: [],
    platforms: [],
    builds: [],
    needs_cuda: false,
    ...more
  };
}

export function entry(
  action: Entry['action'],
  name: string,
  from: string | null,
  to: string | null,
  change: Partial<Pick<Entry, 'requested' | 'from' | 'to' | 'source'>> = {}
): Entry {
  const channel = 'conda-forge';
  const made = {
    action,
    name,
    from: from === null ? null : { version: from, build: 'py311_0', channel },
    to:
      to === null
        ? null
        : { version: to, build: 'py311_1', channel, size: 24e6, parts: [] },
    requested: false,
    source: 'conda',
    ...change
  };
  // The action decides which of the two sides exist.
  return made as Entry;
}

export function plan(name: string, change: Partial<Plan> = {}): Plan {
  return {
    id: `plan-${name}`,
    kind: 'create',
    name,
    prefix: `${PREFIX}/${name}`,
    entries: [
      entry('install', 'absl-py', null, '2.3.1'),
      entry('install', 'tensorflow', null, '2.19.1', { requested: true }),
      entry('install', 'python', null, '3.12.4', { requested: true })
    ],
    download_bytes: 340e6,
    install_bytes: 1.5e9,
    added_bytes: 1.5e9,
    shared_bytes: 0,
    freed_bytes: 0,
    frees: [],
    nodes: [],
    sizes_complete: true,
    free_bytes: 41e9,
    warnings: [],
    commands: [`conda create -n ${name} "tensorflow=2.19.*" python=3.12`],
    strategy: 'swap',
    forgets: [],
    rebuilds: false,
    digest: '0'.repeat(64),
    created: '2026-03-01T10:00:00Z',
    ...change
  };
}

export function check(change: Partial<Check> = {}): Check {
  return {
    ok: true,
    python: '3.11.9',
    tensorflow: '2.19.1',
    keras: '3.12.0',
    tf_keras: false,
    devices: [{ name: 'CPU:0', type: 'CPU' }],
    gpus: [],
    seconds: 4.2,
    problems: [],
    output: '',
    ...change
  };
}

/** Numbers of two environments that share most of their files. */
export const DISK: Disk = {
  environments: [
    { id: 'id-tf220', own_bytes: 500e6, shared_bytes: 1.5e9 },
    { id: 'id-tf219', own_bytes: 15e6, shared_bytes: 1.4e9 }
  ],
  caches: [
    { name: 'packages', bytes: 3.1e9, unused_bytes: 1.1e9 },
    { name: 'bytecode', bytes: 200e6, unused_bytes: 100e6 },
    { name: 'uv', bytes: 4e9, unused_bytes: 0 }
  ],
  revisions_bytes: 600e6,
  trash_bytes: 0,
  free_bytes: 41e9,
  left_out: []
};

/** Create a notebook record. */
export function record(
  name: string,
  change: Partial<NotebookRecord> = {}
): NotebookRecord {
  return {
    version: 1,
    name,
    platform: 'linux-64',
    python: '3.11.9',
    tensorflow: '2.19.1',
    keras: '3.12.0',
    channels: ['conda-forge'],
    specs: ['tensorflow=2.19.*'],
    pip: [],
    local: [],
    variables: {},
    fingerprint: '0123456789abcdef',
    lock: 'eJwD',
    ...change
  };
}
