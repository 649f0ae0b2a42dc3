"""Find out why TensorFlow or Keras does not start: crashes, missing libraries, modules that fail."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...plan_requests import Update
from ...tensorflow_packages import PACKAGES
from . import owners
from .evidence import Finding, Observed, Subject
from .models import Problem, Remedy

_DOING = {
    "interpreter": "at startup",
    "distributions": "while listing its packages",
    "settings": "while reading the settings of Keras",
    "tensorflow": "while importing TensorFlow",
    "keras": "while loading Keras",
    "devices": "while listing the devices",
    "compute": "during a small computation",
    "xla": "while running a function compiled with XLA",
    "modules": "while listing its modules",
}
_NUMPY = re.compile(
    r"numpy\.core\.multiarray failed|compiled using NumPy 1\.x|_ARRAY_API not found|numpy\.dtype size changed"
    r"|module 'numpy' has no attribute"
)
_PROTOBUF = re.compile(r"Descriptors cannot be created directly|google\.protobuf|from 'google'")
_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")
_SYMBOLS = re.compile(r"version [`'](GLIBC(?:XX)?_[\d.]+)' not found")


def find(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """Find out why the probe did not finish, or why TensorFlow could not be imported."""
    if observed.reached is not None:
        yield Finding(_ended(observed))
    error = observed.stages.get("tensorflow", {}).get("error")
    if error is not None:
        yield _not_imported(subject, observed, error)


def _ended(observed: Observed) -> Problem:
    doing = _DOING.get(observed.reached or "", "")
    lines = observed.output.strip().splitlines()
    if observed.is_endless:
        return Problem("endless-output", f"The check wrote output without end and was stopped {doing}.")
    if observed.status is None:
        return Problem("timed-out", f"The check took too long and was stopped {doing}.")
    if observed.status == 127 and "interpreter" not in observed.stages:
        return Problem("no-python", f"Python cannot be started: {lines[-1] if lines else 'no reason was given'}.")
    if observed.status >= 0:
        message = f"Python exited with status {observed.status} {doing}: {lines[-1] if lines else ''}"
        return Problem("exited", message, _unset(observed))
    number = -observed.status
    if number == signal.SIGILL:
        lacking = " This processor has no AVX." if _has_avx() is False else ""
        return Problem(
            "illegal-instruction",
            f"This TensorFlow uses instructions that the machine's processor does not have.{lacking}",
            Remedy("Use a build for older processors: conda-forge's builds need fewer instructions than PyPI's."),
        )
    if number == signal.SIGKILL:
        return Problem("killed", f"The system killed Python {doing}, most likely because memory ran out.")
    name = signal.Signals(number).name if number in signal.Signals.__members__.values() else f"signal {number}"
    return Problem("crashed", f"Python crashed {doing} ({name}).")


def _unset(observed: Observed) -> Remedy | None:
    """Return the remedy for an end at startup if variables make Python use files outside the environment."""
    names = [name for name in ("PYTHONPATH", "PYTHONHOME") if observed.environ.get(name)]
    if observed.reached != "interpreter" or not names:
        return None
    if names == ["PYTHONPATH"]:
        return ignore_pythonpath()
    return Remedy(f"Unset {' and '.join(names)} before you start JupyterLab.")


def ignore_pythonpath() -> Remedy:
    """Return the remedy for modules in PYTHONPATH."""
    message = "Let the kernel ignore PYTHONPATH, or unset PYTHONPATH before you start JupyterLab."
    return Remedy(message, kernelspec={"ignore_pythonpath": True})


def _has_avx() -> bool | None:
    try:
        flags = next(
            line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("flags")
        )
    except (OSError, StopIteration):
        return None
    return "avx" in flags.split()


def text_of(error: Mapping[str, Any]) -> str:
    """Return everything that an error says."""
    return f"{error['message']}\n{error['traceback']}"


def _not_imported(subject: Subject, observed: Observed, error: Mapping[str, Any]) -> Finding:
    text = text_of(error)
    everything = f"{text}\n{observed.output}"
    details = error["traceback"]
    if error["module"] == "tensorflow" and error["type"] == "ModuleNotFoundError":
        return _no_tensorflow(subject, observed, text)
    library = _LIBRARY.search(everything)
    if library:
        message = f"TensorFlow needs the library {library[1]}, which the system cannot find."
        return Finding(Problem("missing-library", message, details=details), text=text)
    symbols = _SYMBOLS.search(everything)
    if symbols:
        paths = observed.environ.get("LD_LIBRARY_PATH")
        hint = Remedy("Unset LD_LIBRARY_PATH before you start JupyterLab.") if paths else None
        message = f"A library is older than TensorFlow needs ({symbols[1]})."
        return Finding(Problem("old-library", message, hint, details))
    if _NUMPY.search(everything):
        message = "TensorFlow or one of its packages was built for another version of numpy than the installed one."
        if "NumPy 1.x" in everything:
            spec = "pypi:numpy<2" if "numpy" in observed.unowned else "numpy<2"
            remedy = Remedy("Install numpy 1.", subject.install(spec))
        else:
            remedy = Remedy("Update TensorFlow.", Update(subject.environment, ("tensorflow",)))
        return Finding(Problem("numpy-version", message, remedy, details), text=text)
    if _PROTOBUF.search(text):
        message = "TensorFlow does not work with the installed protobuf."
        remedy = Remedy("Update TensorFlow.", Update(subject.environment, ("tensorflow",)))
        return Finding(Problem("protobuf-version", message, remedy, details), text=text)
    return not_imported(subject, observed, "TensorFlow", "import-failed", error)


def _no_tensorflow(subject: Subject, observed: Observed, text: str) -> Finding:
    installed = next((name for name in PACKAGES if name in observed.conda), None)
    if installed is None:
        remedy = Remedy("Install TensorFlow.", subject.install("tensorflow"))
        return Finding(Problem("no-tensorflow", "TensorFlow is not installed in this environment.", remedy))
    message = f"The files of TensorFlow {observed.conda[installed].version} are missing from this environment."
    return Finding(Problem("no-tensorflow", message, owners.reinstall(subject, installed)), text=text)


def not_imported(subject: Subject, observed: Observed, what: str, code: str, error: Mapping[str, Any]) -> Finding:
    """Return the problem that an import fails. It names the module that failed, and the package of that module."""
    reason = error["message"].strip().splitlines()
    said = reason[0][:300] if reason else error["type"]
    module, owner = owners.blamed(subject.prefix, observed, error)
    remedy = None
    if module is None:
        message = f"{what} cannot be imported: {said}"
    elif owner is None:
        message = f"{what} cannot be imported, because the module {module} fails: {said}"
        if error["type"] == "ModuleNotFoundError":
            message = f"{what} cannot be imported, because the module {module} is not installed."
            top = module.split(".")[0]
            remedy = Remedy(f"Install the package that contains {top}.", subject.install(top))
    else:
        message = f"{what} cannot be imported, because the module {module} of the package {owner.title} fails: {said}"
        if error["type"] == "ModuleNotFoundError" and owner.has_module:
            message = (
                f"{what} cannot be imported, because files of the package {owner.title} are missing: "
                f"there is no module {module}."
            )
            remedy = owners.reinstall(subject, owner.name)
        elif error["type"] == "ModuleNotFoundError":
            message = f"{what} cannot be imported, because the package {owner.title} has no module {module}."
            remedy = Remedy(f"Update {owner.name}.", Update(subject.environment, (owner.name,)))
        elif owner.name not in PACKAGES:
            remedy = Remedy(f"Update {owner.name}.", Update(subject.environment, (owner.name,)))
    return Finding(Problem(code, message, remedy, error["traceback"]), text=text_of(error))
