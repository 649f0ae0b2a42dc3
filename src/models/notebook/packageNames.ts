/**
 * Names of conda packages by the module that a notebook imports, where the two differ.
 *
 * Maintained by hand, as conda-forge calls them; every other module is looked for under its own name. A name is only
 * offered where the channels really have it, so a wrong line here offers nothing.
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

/** The names under which a channel may have a module's package, the likeliest first. */
export function packageNames(module: string): string[] {
  const known = PACKAGES.get(module);
  if (known) {
    return [known];
  }
  const name = module.toLowerCase();
  return [...new Set([name.replace(/_/g, '-'), name])];
}
