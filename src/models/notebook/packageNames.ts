import type { AvailablePackage } from '../../api/generated';
import { specOf } from '../form/packages';

/**
 * Names of conda-forge packages that differ from the module that a notebook imports, by module.
 *
 * Maintained by hand. A package is offered only if the channels have it, so a wrong line here does no harm.
 */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['attr', 'attrs'],
  ['bs4', 'beautifulsoup4'],
  ['Bio', 'biopython'],
  ['cairo', 'pycairo'],
  ['community', 'python-louvain'],
  ['Crypto', 'pycryptodome'],
  ['Cryptodome', 'pycryptodomex'],
  ['cv2', 'opencv'],
  ['dateutil', 'python-dateutil'],
  ['dns', 'dnspython'],
  ['docx', 'python-docx'],
  ['dotenv', 'python-dotenv'],
  ['faiss', 'faiss-cpu'],
  ['fitz', 'pymupdf'],
  ['git', 'gitpython'],
  ['github', 'pygithub'],
  ['google', 'protobuf'],
  ['graphviz', 'python-graphviz'],
  ['igraph', 'python-igraph'],
  ['jose', 'python-jose'],
  ['jwt', 'pyjwt'],
  ['kafka', 'kafka-python'],
  ['ldap', 'python-ldap'],
  ['magic', 'python-magic'],
  ['mpl_toolkits', 'matplotlib-base'],
  ['MySQLdb', 'mysqlclient'],
  ['nacl', 'pynacl'],
  ['OpenGL', 'pyopengl'],
  ['OpenSSL', 'pyopenssl'],
  ['osgeo', 'gdal'],
  ['PIL', 'pillow'],
  ['pkg_resources', 'setuptools'],
  ['plotly_express', 'plotly'],
  ['pptx', 'python-pptx'],
  ['pylab', 'matplotlib-base'],
  ['PyQt5', 'pyqt'],
  ['pythoncom', 'pywin32'],
  ['pywt', 'pywavelets'],
  ['ruamel', 'ruamel.yaml'],
  ['serial', 'pyserial'],
  ['shapefile', 'pyshp'],
  ['skimage', 'scikit-image'],
  ['sklearn', 'scikit-learn'],
  ['skopt', 'scikit-optimize'],
  ['slugify', 'python-slugify'],
  ['snappy', 'python-snappy'],
  ['socks', 'pysocks'],
  ['speech_recognition', 'speechrecognition'],
  ['tables', 'pytables'],
  ['tlz', 'toolz'],
  ['torch', 'pytorch'],
  ['umap', 'umap-learn'],
  ['usb', 'pyusb'],
  ['win32api', 'pywin32'],
  ['xdist', 'pytest-xdist'],
  ['yaml', 'pyyaml'],
  ['zmq', 'pyzmq'],
  ['zstd', 'zstandard']
]);

/** Names of projects on PyPI that differ from those on conda-forge, by module. */
const PROJECTS: ReadonlyMap<string, string> = new Map([
  ['cv2', 'opencv-python'],
  ['graphviz', 'graphviz'],
  ['igraph', 'igraph'],
  ['mpl_toolkits', 'matplotlib'],
  ['pylab', 'matplotlib'],
  ['PyQt5', 'pyqt5'],
  ['tables', 'tables'],
  ['torch', 'torch']
]);

/** List the names that a module's package may have, the most likely first. */
export function packageNames(module: string): string[] {
  const known = PACKAGES.get(module);
  if (known) {
    return [...new Set([known, PROJECTS.get(module) ?? known])];
  }
  const name = module.toLowerCase();
  return [...new Set([name.replace(/_/g, '-'), name])];
}

/**
 * Return the spec that installs a module's package; null if the search did not find the package.
 *
 * @param name - One of the module's `packageNames`.
 */
export function installSpec(
  module: string,
  name: string,
  found: readonly AvailablePackage[]
): string | null {
  const [channelName] = packageNames(module);
  const project = PROJECTS.get(module) ?? channelName;
  const item = found.find(
    each =>
      each.name === name &&
      (!PACKAGES.has(module) ||
        name === (each.source === 'pypi' ? project : channelName))
  );
  // A guessed name is not marked, so that the plan warns about a package that no channel has.
  return item ? (PACKAGES.has(module) ? specOf(item) : name) : null;
}
