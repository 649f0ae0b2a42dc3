"""Find the package that provides a Python module which a notebook imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..conda.prefix import projects
from ..pypi.models import MARK

if TYPE_CHECKING:
    from .package_search import PackageSearch

#: Packages on conda-forge whose names differ from their modules, by module. The package index has them under the names
#: of their projects (``projects.named``). A package is offered only if a source has it.
_PACKAGES = {
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "Cryptodome": "pycryptodomex",
    "Levenshtein": "levenshtein",
    "MySQLdb": "mysqlclient",
    "OpenGL": "pyopengl",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "PyQt5": "pyqt",
    "Xlib": "python-xlib",
    "absl": "absl-py",
    "attr": "attrs",
    "blosc": "python-blosc",
    "brotli": "brotli-python",
    "bs4": "beautifulsoup4",
    "bson": "pymongo",
    "cairo": "pycairo",
    "community": "python-louvain",
    "cpuinfo": "py-cpuinfo",
    "cv2": "opencv",
    "dateutil": "python-dateutil",
    "decouple": "python-decouple",
    "discord": "discord.py",
    "dns": "dnspython",
    "docker": "docker-py",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "ffmpeg": "ffmpeg-python",
    "fitz": "pymupdf",
    "flatbuffers": "python-flatbuffers",
    "gi": "pygobject",
    "gin": "gin-config",
    "git": "gitpython",
    "github": "pygithub",
    "google": "protobuf",
    "graphviz": "python-graphviz",
    "gridfs": "pymongo",
    "grpc": "grpcio",
    "haiku": "dm-haiku",
    "hydra": "hydra-core",
    "igraph": "python-igraph",
    "imblearn": "imbalanced-learn",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "kerastuner": "keras-tuner",
    "ldap": "python-ldap",
    "lmdb": "python-lmdb",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib-base",
    "nacl": "pynacl",
    "official": "tf-models-official",
    "osgeo": "gdal",
    "past": "future",
    "pkg_resources": "setuptools",
    "plotly_express": "plotly",
    "pptx": "python-pptx",
    "pylab": "matplotlib-base",
    "pynvml": "nvidia-ml-py",
    "pythoncom": "pywin32",
    "pywt": "pywavelets",
    "redis": "redis-py",
    "reverb": "dm-reverb",
    "ruamel": "ruamel.yaml",
    "serial": "pyserial",
    "shapefile": "pyshp",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "sklearn_extra": "scikit-learn-extra",
    "skopt": "scikit-optimize",
    "sksurv": "scikit-survival",
    "skvideo": "sk-video",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "socks": "pysocks",
    "sonnet": "dm-sonnet",
    "sounddevice": "python-sounddevice",
    "soundfile": "pysoundfile",
    "sox": "pysox",
    "speech_recognition": "speechrecognition",
    "tables": "pytables",
    "talib": "ta-lib",
    "tlz": "toolz",
    "torch": "pytorch",
    "tree": "dm-tree",
    "umap": "umap-learn",
    "usb": "pyusb",
    "win32api": "pywin32",
    "wx": "wxpython",
    "xdist": "pytest-xdist",
    "xxhash": "python-xxhash",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}


async def spec_for(module: str, search: PackageSearch) -> str | None:
    """Return the spec that requests the package of a module, or None if no source has it.

    A channel is preferred to the package index. The spec of a guessed name has no mark, so that the plan warns about a
    package that no channel has. Raises what the search raises.
    """
    known = _PACKAGES.get(module)
    if known is not None:
        if any(_is(found, "conda", known) for found in await search.find(known)):
            return known
        return await _on_index(projects.named(known), search)
    plain = module.lower()
    for name in dict.fromkeys((plain.replace("_", "-"), plain)):
        if projects.is_library(name):
            # The channel's package of this name is another one.
            return await _on_index(name, search)
        if any(found["name"] == name for found in await search.find(name)):
            return name
    return None


async def _on_index(project: str, search: PackageSearch) -> str | None:
    spec = f"{MARK}{project}"
    return spec if any(_is(found, "pypi", project) for found in await search.find(spec)) else None


def _is(found: Mapping[str, Any], source: str, name: str) -> bool:
    return bool(found["source"] == source and found["name"] == name)
