"""Find out why TensorFlow or Keras does not start: crashes, missing libraries, modules that fail."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...plan_requests import Update
from ...sentences import say
from ...tensorflow_packages import PACKAGES
from . import owners
from .evidence import Finding, Observed, Subject
from .models import Problem, Remedy

_DOING = {
    "interpreter": say("at startup"),
    "distributions": say("while listing its packages"),
    "settings": say("while reading the settings of Keras"),
    "tensorflow": say("while importing TensorFlow"),
    "keras": say("while loading Keras"),
    "devices": say("while listing the devices"),
    "compute": say("during a small computation"),
    "xla": say("while running a function compiled with XLA"),
    "modules": say("while listing its modules"),
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
        return Problem(
            "endless-output", say("The check wrote output without end and was stopped {doing}.", doing=doing)
        )
    if observed.status is None:
        return Problem("timed-out", say("The check took too long and was stopped {doing}.", doing=doing))
    if observed.status == 127 and "interpreter" not in observed.stages:
        return Problem(
            "no-python",
            say("Python cannot be started: {lines}.", lines=lines[-1] if lines else say("no reason was given")),
        )
    if observed.status >= 0:
        message = say(
            "Python exited with status {status} {doing}: {lines}",
            status=observed.status,
            doing=doing,
            lines=lines[-1] if lines else "",
        )
        return Problem("exited", message, _unset(observed))
    number = -observed.status
    if number == signal.SIGILL:
        lacking = say(" This processor has no AVX.") if _has_avx() is False else ""
        return Problem(
            "illegal-instruction",
            say(
                "This TensorFlow uses instructions that the machine's processor does not have.{lacking}",
                lacking=lacking,
            ),
            Remedy(say("Use a build for older processors: conda-forge's builds need fewer instructions than PyPI's.")),
        )
    if number == signal.SIGKILL:
        return Problem(
            "killed", say("The system killed Python {doing}, most likely because memory ran out.", doing=doing)
        )
    name = signal.Signals(number).name if number in signal.Signals.__members__.values() else f"signal {number}"
    return Problem("crashed", say("Python crashed {doing} ({name}).", doing=doing, name=name))


def _unset(observed: Observed) -> Remedy | None:
    """Return the remedy for an end at startup if variables make Python use files outside the environment."""
    names = [name for name in ("PYTHONPATH", "PYTHONHOME") if observed.environ.get(name)]
    if observed.reached != "interpreter" or not names:
        return None
    if names == ["PYTHONPATH"]:
        return ignore_pythonpath()
    return Remedy(say("Unset {names} before you start JupyterLab.", names=" and ".join(names)))


def ignore_pythonpath() -> Remedy:
    """Return the remedy for modules in PYTHONPATH."""
    message = say("Let the kernel ignore PYTHONPATH, or unset PYTHONPATH before you start JupyterLab.")
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
        message = say("TensorFlow needs the library {library}, which the system cannot find.", library=library[1])
        return Finding(Problem("missing-library", message, details=details), text=text)
    symbols = _SYMBOLS.search(everything)
    if symbols:
        paths = observed.environ.get("LD_LIBRARY_PATH")
        hint = Remedy(say("Unset LD_LIBRARY_PATH before you start JupyterLab.")) if paths else None
        message = say("A library is older than TensorFlow needs ({symbols}).", symbols=symbols[1])
        return Finding(Problem("old-library", message, hint, details))
    if _NUMPY.search(everything):
        message = say(
            "TensorFlow or one of its packages was built for another version of numpy than the installed one."
        )
        if "NumPy 1.x" in everything:
            spec = "pypi:numpy<2" if "numpy" in observed.unowned else "numpy<2"
            remedy = Remedy(say("Install numpy 1."), subject.install(spec))
        else:
            remedy = Remedy(say("Update TensorFlow."), Update(subject.environment, ("tensorflow",)))
        return Finding(Problem("numpy-version", message, remedy, details), text=text)
    if _PROTOBUF.search(text):
        message = say("TensorFlow does not work with the installed protobuf.")
        remedy = Remedy(say("Update TensorFlow."), Update(subject.environment, ("tensorflow",)))
        return Finding(Problem("protobuf-version", message, remedy, details), text=text)
    return not_imported(subject, observed, "TensorFlow", "import-failed", error)


def _no_tensorflow(subject: Subject, observed: Observed, text: str) -> Finding:
    installed = next((name for name in PACKAGES if name in observed.conda), None)
    if installed is None:
        remedy = Remedy(say("Install TensorFlow."), subject.install("tensorflow"))
        return Finding(Problem("no-tensorflow", say("TensorFlow is not installed in this environment."), remedy))
    message = say(
        "The files of TensorFlow {version} are missing from this environment.",
        version=observed.conda[installed].version,
    )
    return Finding(Problem("no-tensorflow", message, owners.reinstall(subject, installed)), text=text)


def not_imported(subject: Subject, observed: Observed, what: str, code: str, error: Mapping[str, Any]) -> Finding:
    """Return the problem that an import fails. It names the module that failed, and the package of that module."""
    reason = error["message"].strip().splitlines()
    said = reason[0][:300] if reason else error["type"]
    module, owner = owners.blamed(subject.prefix, observed, error)
    remedy = None
    if module is None:
        message = say("{what} cannot be imported: {said}", what=what, said=said)
    elif owner is None:
        message = say(
            "{what} cannot be imported, because the module {module} fails: {said}", what=what, module=module, said=said
        )
        if error["type"] == "ModuleNotFoundError":
            message = say(
                "{what} cannot be imported, because the module {module} is not installed.", what=what, module=module
            )
            top = module.split(".")[0]
            remedy = Remedy(say("Install the package that contains {top}.", top=top), subject.install(top))
    else:
        message = say(
            "{what} cannot be imported, because the module {module} of the package {title} fails: {said}",
            what=what,
            module=module,
            title=owner.title,
            said=said,
        )
        if error["type"] == "ModuleNotFoundError" and owner.has_module:
            message = say(
                "{what} cannot be imported, because files of the package {title} are missing: "
                "there is no module {module}.",
                what=what,
                title=owner.title,
                module=module,
            )
            remedy = owners.reinstall(subject, owner.name)
        elif error["type"] == "ModuleNotFoundError":
            message = say(
                "{what} cannot be imported, because the package {title} has no module {module}.",
                what=what,
                title=owner.title,
                module=module,
            )
            remedy = Remedy(say("Update {name}.", name=owner.name), Update(subject.environment, (owner.name,)))
        elif owner.name not in PACKAGES:
            remedy = Remedy(say("Update {name}.", name=owner.name), Update(subject.environment, (owner.name,)))
    return Finding(Problem(code, message, remedy, error["traceback"]), text=text_of(error))
