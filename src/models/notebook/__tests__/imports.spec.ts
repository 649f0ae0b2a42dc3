import { environment } from '../../../__tests__/fixtures';
import {
  alternative,
  failedImport,
  installation,
  installRequest
} from '../imports';
import { pipArguments } from '../pipInstall';

function failed(
  errorName: string,
  errorValue: string,
  ...traceback: string[]
): ReturnType<typeof failedImport> {
  return failedImport({ errorName, errorValue, traceback });
}

describe('failedImport', () => {
  it.each([
    ["No module named 'tensorflow'", 'tensorflow', true],
    ["No module named 'tf_keras'", 'tf_keras', true],
    ["No module named 'cv2'", 'cv2', true],
    // The package is installed, but has no such module.
    ["No module named 'keras.utils.np_utils'", 'keras', false],
    [
      "No module named 'tensorflow.contrib'; 'x' is no package",
      'tensorflow',
      false
    ]
  ])('reads %s', (text, module, isMissing) => {
    expect(failed('ModuleNotFoundError', text)).toEqual({ module, isMissing });
  });

  it.each([
    [
      "cannot import name 'layers' from 'keras' (/x/keras/__init__.py)",
      'keras'
    ],
    [
      "cannot import name 'x' from partially initialized module 'tensorflow' (most likely due to a circular import)",
      'tensorflow'
    ]
  ])('reads %s', (text, module) => {
    expect(failed('ImportError', text)).toEqual({ module, isMissing: false });
  });

  it('finds TensorFlow in the traceback of a library that fails to load', () => {
    const line =
      'File \u001b[32m/e/lib/python3.11/site-packages/tensorflow/__init__.py:40\u001b[39m';
    expect(failed('ImportError', 'libcudart.so.12: cannot open', line)).toEqual(
      { module: 'tensorflow', isMissing: false }
    );
  });

  it.each([
    ['NameError', "name 'tensorflow' is not defined"],
    ['ModuleNotFoundError', 'odd'],
    ['ModuleNotFoundError', "No module named 'sklearn.cross_validation'"],
    ['ImportError', "cannot import name 'x' from 'pandas' (/x/pandas.py)"],
    ['ImportError', 'libfoo.so: cannot open shared object file']
  ])('is about something else: %s: %s', (name, text) => {
    expect(failed(name, text)).toBeNull();
  });
});

describe('help with an import', () => {
  const tensorflow = (version: string) => ({
    version,
    build: null,
    variant: 'cpu',
    source: 'conda' as const
  });
  const bare = environment('bare', { tensorflow: null, keras: null });
  const old = environment('old', { tensorflow: tensorflow('2.9.3') });
  const recent = environment('recent', { tensorflow: tensorflow('2.19.1') });
  const noKernel = environment('none', {
    tensorflow: tensorflow('2.20.0'),
    kernel: null
  });
  const broken = environment('broken', {
    tensorflow: tensorflow('2.20.0'),
    advice: [
      {
        code: 'x',
        severity: 'error',
        message: '',
        plan_request: null,
        items: []
      }
    ]
  });

  it('switches to the environment with the newest TensorFlow', () => {
    const all = [bare, old, recent, noKernel, broken];
    expect(alternative(all, 'tensorflow', bare)).toBe(recent);
    expect(alternative(all, 'tensorflow', recent)).toBe(old);
    expect(alternative([bare], 'tensorflow', bare)).toBeUndefined();
    expect(alternative(all, 'tf_keras', bare)).toBeUndefined();
  });

  it.each([
    [bare, 'tensorflow', 'tensorflow'],
    [bare, 'keras', 'tensorflow'],
    [recent, 'keras', 'keras'],
    [recent, 'tf_keras', 'tf-keras=2.19.*'],
    [bare, 'tf_keras', 'tf-keras']
  ] as const)('installs into %j for %s: %s', (target, module, spec) => {
    expect(installation(target, module)).toEqual({
      kind: 'install',
      environment: target.id,
      specs: [spec]
    });
  });

  it('does not install into a protected environment', () => {
    const fixed = environment('x', { protected: true });
    expect(installation(fixed, 'tensorflow')).toBeNull();
    expect(
      installRequest(environment('x', { writable: false }), [])
    ).toBeNull();
  });
});

describe('pipArguments', () => {
  it.each([
    ['%pip install tensorflow', ['tensorflow']],
    ['!pip install -U "tensorflow==2.19.*"', ['-U', 'tensorflow==2.19.*']],
    ['!pip3 install tensorflow>=2.18,<2.20', ['tensorflow>=2.18,<2.20']],
    [
      "%pip install 'tensorflow[and-cuda]==2.19.0'",
      ['tensorflow[and-cuda]==2.19.0']
    ],
    ['!{sys.executable} -m pip install tf_keras~=2.19.0', ['tf_keras~=2.19.0']],
    ['!python3 -m pip install keras==3.5.0 pandas', ['keras==3.5.0', 'pandas']],
    ['x = 1\n%pip install keras\n!pip install numpy', ['keras', 'numpy']],
    ['!uv pip install tensorflow', ['tensorflow']],
    [
      '%pip install "tensorflow @ https://example.org/x.whl"',
      ['tensorflow @ https://example.org/x.whl']
    ],
    // What follows the arguments in a line names no packages.
    ['%pip install keras  # the newest version', ['keras']],
    ['!pip install keras | grep -v already', ['keras']],
    ['!pip install keras > /dev/null 2>&1', ['keras']],
    ['!pip install keras 2>&1', ['keras']],
    ['!pip install -q keras >log.txt', ['-q', 'keras', '>log.txt']],
    ['!pip install keras && echo done', ['keras']],
    ['!pip install keras; ls', ['keras']],
    ['!pip install keras && pip install numpy', ['keras', 'numpy']],
    ['!ls; python -m pip install numpy', ['numpy']],
    ['!pip install keras \\\n    numpy', ['keras', 'numpy']],
    [
      `%pip install "keras>2; python_version > '3.8'" numpy`,
      ["keras>2; python_version > '3.8'", 'numpy']
    ],
    [
      '!pip install "a @ https://example.org/x.whl#egg=a"',
      ['a @ https://example.org/x.whl#egg=a']
    ]
  ])('of %j are %j', (source, words) => {
    expect(pipArguments(source)).toEqual(words);
  });

  it.each([
    '%pip uninstall tensorflow',
    '# pip install tensorflow',
    'print("pip install tensorflow")',
    '%conda install tensorflow'
  ])('are none of %j', source => {
    expect(pipArguments(source)).toEqual([]);
  });
});
