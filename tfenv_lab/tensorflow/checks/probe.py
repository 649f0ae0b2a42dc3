"""Test the TensorFlow of an environment; the environment's own Python runs this file.

    python -c "<this file>" RESULT

Needs only Python 3.8 or newer and its standard library, and imports nothing from tfenv_lab. Each stage appends one line
of JSON to the file RESULT as soon as it is done, so that a crash leaves the results before it: ``{"stage":
name, "seconds": n, ...}`` or ``{"stage", "seconds", "error": {"type", "message", "traceback"}}``. A line ``{"begin":
name}`` precedes each.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import time
import traceback
from importlib import import_module, machinery, metadata
from typing import Any

#: As ``tensorflow_packages.CHECKED``.
CHECKED = ("tensorflow", "keras", "tf-keras", "numpy", "protobuf", "ml-dtypes", "h5py")
#: Variables that choose the Keras of TensorFlow and Keras' backend.
_LEGACY = "TF_USE_LEGACY_KERAS"
_BACKEND = "KERAS_BACKEND"


def interpreter() -> dict[str, Any]:
    """Return the interpreter that runs this file, where it looks for modules, and its markers (PEP 508)."""
    import site

    version = ".".join(map(str, sys.version_info[:3]))
    return {
        "executable": sys.executable,
        "version": version,
        "prefix": sys.prefix,
        "path": sys.path,
        "user_site": site.getusersitepackages() if site.ENABLE_USER_SITE else None,
        "markers": {
            "os_name": os.name,
            "sys_platform": sys.platform,
            "platform_machine": platform.machine(),
            "platform_python_implementation": platform.python_implementation(),
            "platform_release": platform.release(),
            "platform_system": platform.system(),
            "platform_version": platform.version(),
            "implementation_name": sys.implementation.name,
            "implementation_version": version,
            "python_version": ".".join(map(str, sys.version_info[:2])),
            "python_full_version": version,
        },
    }


def distributions() -> dict[str, Any]:
    """Return the metadata of all Python packages; TensorFlow and Keras need some of them, directly or not."""
    # The path has the imported one first; it hides others of the same name further down.
    everything: dict[str, list[dict[str, Any]]] = {}
    for distribution in metadata.distributions():
        try:
            name = _normalized(distribution.metadata["Name"] or "")
            entry = {
                "name": name,
                "version": distribution.version,
                "location": str(distribution.locate_file("")),
                "requires": distribution.requires or [],
                "installer": (distribution.read_text("INSTALLER") or "").strip(),
            }
        except Exception:  # noqa: S112 - the metadata of any package may be damaged
            continue
        everything.setdefault(name, []).append(entry)
    wanted = [name for name in everything if name in CHECKED or name.startswith(("tensorflow-", "tf-nightly"))]
    for name in wanted:
        needs = (text for entry in everything[name] for text in entry["requires"] if "extra ==" not in text)
        names = (_normalized(re.split(r"[^\w.-]", text.strip(), maxsplit=1)[0]) for text in needs)
        # The list grows while it is walked.
        wanted.extend(need for need in dict.fromkeys(names) if need in everything and need not in wanted)
    return {"found": [{**entry, "needed": name in wanted} for name in everything for entry in everything[name]]}


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def settings() -> dict[str, Any]:
    """Return what Keras reads about itself: its file, and the variable that names the backend."""
    # As keras/src/backend/config.py and tensorflow/python/keras/backend.py do.
    home = os.path.expanduser("~")  # noqa: PTH111 - pathlib raises an error where there is no home directory
    base = os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")  # noqa: PTH118, S108
    path = os.path.join(os.environ.get("KERAS_HOME", base), "keras.json")  # noqa: PTH118
    found: dict[str, Any] = {"path": path, "values": None, "variable": os.environ.get(_BACKEND) or None}
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            found["values"] = json.load(file)
    except (OSError, ValueError):
        # Keras ignores such a file, too.
        pass
    return found


def tensorflow() -> dict[str, Any]:
    """Import TensorFlow, and return its version and CUDA version."""
    tf: Any = import_module("tensorflow")

    try:
        build = dict(tf.sysconfig.get_build_info())
    except Exception:
        build = {}
    return {
        "version": tf.__version__,
        "file": tf.__file__,
        "cuda_build": bool(build.get("is_cuda_build", False)),
        "cuda_version": build.get("cuda_version"),
    }


def keras() -> dict[str, Any]:
    """Return the Keras that tf.keras is: keras or tf_keras."""
    tf: Any = import_module("tensorflow")

    # tf.keras of Keras 2 has no version, but its classes name their package.
    owner = sys.modules[tf.keras.Model.__module__.split(".")[0]]
    return {"version": owner.__version__, "file": owner.__file__}


def devices() -> dict[str, Any]:
    """Return the devices that TensorFlow can compute on."""
    tf: Any = import_module("tensorflow")

    found = []
    for device in tf.config.list_physical_devices():
        entry = {"name": device.name.replace("/physical_device:", ""), "type": device.device_type}
        if device.device_type == "GPU":
            details = tf.config.experimental.get_device_details(device)
            entry["model"] = details.get("device_name")
        found.append(entry)
    return {"found": found}


def compute() -> dict[str, Any]:
    """Compute a matrix product and one training step on each device."""
    np: Any = import_module("numpy")
    tf: Any = import_module("tensorflow")

    done = []
    for device in tf.config.list_physical_devices():
        if device.device_type not in ("CPU", "GPU"):
            continue
        name = device.name.replace("/physical_device:", "")
        with tf.device("/" + name):
            product = tf.linalg.matmul(tf.ones((64, 64)), tf.ones((64, 64)))
            if float(product[0, 0]) != 64.0:
                raise ArithmeticError(f"{name}: the sum of 64 ones is {float(product[0, 0])}")
            model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            model.compile(optimizer="sgd", loss="mse")
            model.fit(np.ones((8, 4), "float32"), np.ones((8, 1), "float32"), epochs=1, verbose=0)
        done.append(name)
    return {"devices": done}


def xla() -> dict[str, Any]:
    """Compile a function with XLA on the best device."""
    tf: Any = import_module("tensorflow")

    def double(value: Any) -> Any:
        return value * 2.0

    compiled = tf.function(double, jit_compile=True)
    if float(compiled(tf.constant(21.0))) != 42.0:
        raise ArithmeticError("twice 21 is not 42")
    return {}


def modules() -> dict[str, Any]:
    """Return modules in PYTHONPATH or the user site that were imported, or that have the name of a needed package.

    ``hides`` says whether the environment or the standard library has a module of the same name.
    """
    import site

    places = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    if site.ENABLE_USER_SITE:
        places.append(site.getusersitepackages())
    outside = list(dict.fromkeys(map(os.path.realpath, places)))
    inside = [place for place in sys.path if place and os.path.realpath(place) not in outside]
    needed = {entry["name"].replace("-", "_") for entry in distributions()["found"] if entry["needed"]}
    names = {name for name in sys.modules if "." not in name} | needed
    found = []
    for name in sorted(names - {"__main__", "sitecustomize", "usercustomize"}):
        if name in sys.modules:
            file = getattr(sys.modules[name], "__file__", None)
        else:
            file = getattr(machinery.PathFinder.find_spec(name, sys.path), "origin", None)
        folder, end = os.path.split(os.path.realpath(file or ""))
        place = os.path.dirname(folder) if end.startswith("__init__.") else folder  # noqa: PTH120
        if file and place in outside:
            hides = machinery.PathFinder.find_spec(name, inside) is not None
            found.append({"name": name, "file": file, "place": place, "hides": hides})
    return {"found": found}


def failure(error: BaseException) -> dict[str, Any]:
    """Return what is known about an error: the cause of it, the module that failed, and the files of its last lines."""
    root = _root(error)
    last = [frame.filename for frame in traceback.extract_tb(root.__traceback__)]
    module = getattr(root, "name", None) if isinstance(root, ImportError) else None
    if isinstance(root, AttributeError) and isinstance(getattr(root, "obj", None), type(sys)):
        module = root.obj.__name__  # type: ignore[attr-defined]
    return {
        "type": type(root).__name__,
        "message": str(root),
        "traceback": "".join(traceback.format_exception(type(error), error, error.__traceback__))[-20000:],
        "module": module,
        "path": getattr(root, "path", None) if isinstance(root, ImportError) else None,
        "files": [file for file in last if not file.startswith("<")][-3:],
    }


def _root(error: BaseException) -> BaseException:
    """Return the error that caused an error, directly or not."""
    seen = {id(error)}
    while True:
        cause = error.__cause__
        if cause is None and not error.__suppress_context__ and getattr(error, "name", None) is None:
            # An ImportError with the name of a module is an error of its own; others only report an earlier one.
            cause = error.__context__
        if cause is None or id(cause) in seen:
            return error
        seen.add(id(cause))
        error = cause


def _real(error: BaseException) -> BaseException:
    """Return why Keras cannot be imported; TensorFlow hides it behind a sentence of its own."""
    name = "tf_keras" if os.environ.get(_LEGACY, "") in ("1", "true", "True") else "keras"
    try:
        import_module(name)
    except BaseException as real:
        return real
    return error


STAGES = (interpreter, distributions, settings, tensorflow, keras, devices, compute, xla)
#: Stages without which no later stage can work.
_NEEDED = ("tensorflow",)


def main(path: str) -> None:
    with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be one more import

        def tell(line: dict[str, Any]) -> None:
            file.write(json.dumps(line, default=str) + "\n")
            file.flush()

        stopped = False
        for stage in (*STAGES, modules):
            name = stage.__name__
            if stopped and stage is not modules:
                continue
            tell({"begin": name})
            start = time.time()
            try:
                line = stage()
            except BaseException as error:
                line = {"error": failure(_real(error) if stage is keras else error)}
            line.update(stage=name, seconds=round(time.time() - start, 3))
            tell(line)
            stopped = stopped or ("error" in line and name in _NEEDED)
        tell({"begin": None})


if __name__ == "__main__":
    main(sys.argv[1])
