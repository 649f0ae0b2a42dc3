"""Test the TensorFlow of an environment; the environment's own Python runs this file.

    python -c "<this file>" RESULT

Needs only Python 3.8 or newer and its standard library, and imports nothing from tfenv_lab. Each stage appends one line
of JSON to the file RESULT as soon as it is done, so that a crash leaves the results before it: ``{"stage": name,
"seconds": n, …results…}`` or ``{"stage", "seconds", "error": {"type", "message", "traceback"}}``. A line ``{"begin":
name}`` precedes each.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from importlib import import_module, metadata
from typing import Any

#: As ``tensorflow_packages.CHECKED``.
CHECKED = ("tensorflow", "keras", "tf-keras", "numpy", "protobuf", "ml-dtypes", "h5py")


def interpreter() -> dict[str, Any]:
    """Return the interpreter that runs this file, and where it looks for modules."""
    import site

    return {
        "executable": sys.executable,
        "version": ".".join(map(str, sys.version_info[:3])),
        "prefix": sys.prefix,
        "path": sys.path,
        "user_site": site.getusersitepackages() if site.ENABLE_USER_SITE else None,
    }


def distributions() -> dict[str, Any]:
    """Return the metadata of the Python packages that concern TensorFlow."""
    found = []
    for distribution in metadata.distributions():
        name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
        # The path has the imported one first; it hides others of the same name further down.
        if name in CHECKED or name.startswith("tensorflow-"):
            found.append(
                {
                    "name": name,
                    "version": distribution.version,
                    "location": str(distribution.locate_file("")),
                    "requires": distribution.requires or [] if name.startswith("tensorflow") else [],
                    "installer": (distribution.read_text("INSTALLER") or "").strip(),
                }
            )
    return {"found": found}


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


STAGES = (interpreter, distributions, tensorflow, keras, devices, compute, xla)
#: Stages without which no later stage can work.
_NEEDED = ("tensorflow",)


def main(path: str) -> None:
    with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be one more import

        def tell(line: dict[str, Any]) -> None:
            file.write(json.dumps(line, default=str) + "\n")
            file.flush()

        for stage in STAGES:
            name = stage.__name__
            tell({"begin": name})
            start = time.time()
            try:
                line = stage()
            except BaseException as error:
                text = traceback.format_exc()
                line = {"error": {"type": type(error).__name__, "message": str(error), "traceback": text[-20000:]}}
            line.update(stage=name, seconds=round(time.time() - start, 3))
            tell(line)
            if "error" in line and name in _NEEDED:
                break
        tell({"begin": None})


if __name__ == "__main__":
    main(sys.argv[1])
