"""Find out why TensorFlow does not use a GPU, and why XLA does not compile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ...sentences import say
from ...versions import minor_of
from . import failures
from .evidence import Finding, Observed, Subject
from .models import Problem, Remedy

_NOT_LOADED = re.compile(r"[Cc]ould not load dynamic library '([^']+)'|Cannot dlopen some GPU libraries")
_CUDA_LIBRARY = re.compile(r"lib(?:cuda|cudart|cudnn|cublas|cufft|cusolver|cusparse|nvrtc|nccl)\b.*\.so")


def find(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """Find out why a CUDA build has no GPU, whether a CPU build leaves a GPU unused, and why XLA fails."""
    tensorflow = observed.stages.get("tensorflow", {})
    devices = observed.stages.get("devices", {})
    if "version" in tensorflow and "found" in devices:
        has_gpu = any(device["type"] == "GPU" for device in devices["found"])
        if tensorflow["cuda_build"] and not has_gpu:
            yield Finding(_no_device(subject, observed, str(tensorflow.get("cuda_version") or "")))
        elif not tensorflow["cuda_build"] and subject.cuda is not None:
            yield Finding(_cpu_build(subject, observed, tensorflow["version"]))
    error = observed.stages.get("xla", {}).get("error")
    if error is not None:
        problem = _xla(subject, f"{failures.text_of(error)}\n{observed.output}", error["message"])
        yield Finding(replace(problem, details=error["traceback"]))


def _cpu_build(subject: Subject, observed: Observed, version: str) -> Problem:
    remedy = Remedy(say("Install the CUDA build."), subject.install(f"tensorflow={minor_of(version)}.*=cuda*"))
    return Problem(
        "cpu-build",
        say("This TensorFlow is a CPU-only build, but this machine has a GPU (CUDA {cuda}).", cuda=subject.cuda),
        remedy if "tensorflow" in observed.conda else None,
    )


def _no_device(subject: Subject, observed: Observed, built_for: str) -> Problem:
    words = say(
        "This TensorFlow is built for CUDA{built_for} but finds no GPU", built_for=f" {built_for}" if built_for else ""
    )
    if subject.cuda is None:
        return Problem(
            "no-driver",
            say("{words}: this machine has no NVIDIA driver. TensorFlow uses the CPU instead.", words=words),
        )
    if built_for and _major(subject.cuda) < _major(built_for):
        return Problem(
            "driver-too-old",
            say("{words}: the driver supports only CUDA {cuda}.", words=words, cuda=subject.cuda),
            Remedy(
                say("Update the NVIDIA driver, or install a TensorFlow for CUDA {major}.", major=_major(subject.cuda))
            ),
        )
    visible = observed.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and (not visible.strip() or visible.strip() == "-1"):
        return Problem(
            "hidden-gpu",
            say("{words}: the variable CUDA_VISIBLE_DEVICES hides it.", words=words),
            Remedy(say("Unset CUDA_VISIBLE_DEVICES before you start JupyterLab.")),
        )
    foreign = _foreign_libraries(observed)
    if foreign is not None:
        return Problem(
            "library-path",
            say(
                "{words}: because of LD_LIBRARY_PATH, the CUDA libraries in {foreign} replace its own.",
                words=words,
                foreign=foreign,
            ),
            Remedy(say("Unset LD_LIBRARY_PATH before you start JupyterLab.")),
        )
    library = _NOT_LOADED.search(observed.output)
    if library:
        name = f" ({library[1]})" if library[1] else ""
        return Problem(
            "missing-cuda-library", say("{words}: a CUDA library could not be loaded{name}.", words=words, name=name)
        )
    return Problem(
        "no-gpu",
        say(
            "{words}, although the driver supports CUDA {cuda}. The output may say why.", words=words, cuda=subject.cuda
        ),
    )


def _major(version: str) -> int:
    digits = version.split(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _foreign_libraries(observed: Observed) -> Path | None:
    """Return the first directory in LD_LIBRARY_PATH that contains CUDA libraries, or None."""
    for entry in observed.environ.get("LD_LIBRARY_PATH", "").split(":"):
        folder = Path(entry)
        try:
            if entry and any(_CUDA_LIBRARY.match(path.name) for path in folder.iterdir()):
                return folder
        except OSError:
            continue
    return None


def _xla(subject: Subject, text: str, message: str) -> Problem:
    if "libdevice" in text:
        return Problem(
            "missing-libdevice",
            say("XLA cannot find libdevice, a file of the CUDA toolkit that it needs to compile."),
            Remedy(
                say("Let the kernel look for libdevice in its own environment."), kernelspec={"own_cuda_data": True}
            ),
        )
    return Problem(
        "xla-failed", say("A function compiled with XLA (jit_compile=True) fails: {message}", message=message[:300])
    )
