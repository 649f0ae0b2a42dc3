"""Find out why TensorFlow does not start: crashes, missing libraries, incompatible modules."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

from .evidence import Observed, Subject
from .models import Problem, Remedy

_DOING = {
    "interpreter": "at startup",
    "distributions": "while listing its packages",
    "tensorflow": "while importing TensorFlow",
    "keras": "while loading Keras",
    "devices": "while listing the devices",
    "compute": "during a small computation",
    "xla": "while running a function compiled with XLA",
}
_NUMPY = re.compile(
    r"numpy\.core\.multiarray failed|compiled using NumPy 1\.x|_ARRAY_API not found|numpy\.dtype size changed"
    r"|module 'numpy' has no attribute"
)
_PROTOBUF = re.compile(r"Descriptors cannot be created directly|google\.protobuf|from 'google'")
_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")
_SYMBOLS = re.compile(r"version [`'](GLIBC(?:XX)?_[\d.]+)' not found")


def find(subject: Subject, observed: Observed) -> Iterator[Problem]:
    """Find out why the probe did not finish, or why TensorFlow could not be imported."""
    if observed.reached is not None:
        yield _ended(observed)
    error = observed.stages.get("tensorflow", {}).get("error")
    if error is not None:
        yield _not_imported(subject, observed, error["type"], f"{error['message']}\n{error['traceback']}")


def _ended(observed: Observed) -> Problem:
    doing = _DOING.get(observed.reached or "", "")
    lines = observed.output.strip().splitlines()
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
    return Remedy(f"Unset {' and '.join(names)} before you start JupyterLab.")


def _has_avx() -> bool | None:
    try:
        flags = next(
            line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("flags")
        )
    except (OSError, StopIteration):
        return None
    return "avx" in flags.split()


def _not_imported(subject: Subject, observed: Observed, kind: str, text: str) -> Problem:
    everything = f"{text}\n{observed.output}"
    if kind == "ModuleNotFoundError" and "No module named 'tensorflow'" in text:
        return Problem(
            "no-tensorflow",
            "TensorFlow is not installed in this environment.",
            Remedy("Install TensorFlow.", subject.install("tensorflow")),
        )
    library = _LIBRARY.search(everything)
    if library:
        return Problem("missing-library", f"TensorFlow needs the library {library[1]}, which the system cannot find.")
    symbols = _SYMBOLS.search(everything)
    if symbols:
        paths = observed.environ.get("LD_LIBRARY_PATH")
        hint = Remedy("Unset LD_LIBRARY_PATH before you start JupyterLab.") if paths else None
        return Problem("old-library", f"A library is older than TensorFlow needs ({symbols[1]}).", hint)
    if _NUMPY.search(everything):
        message = "TensorFlow or one of its packages was built for another version of numpy than the installed one."
        return Problem("numpy-version", message, Remedy("Update TensorFlow, or install an older numpy."))
    if _PROTOBUF.search(text):
        message = "TensorFlow does not work with the installed protobuf."
        return Problem("protobuf-version", message, Remedy("Install the protobuf version that this TensorFlow needs."))
    return Problem("import-failed", f"TensorFlow cannot be imported: {text.splitlines()[0][:300]}")
