"""Read name, memory and use of the GPUs from NVIDIA's library, which comes with the driver and which nvidia-smi uses.

On a machine without the library there is no GPU to show. That is no error.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...disk.reads import BoundedReads

log = logging.getLogger(__name__)

#: Names under which the library is looked for; the second is where the Windows Subsystem for Linux has it.
LIBRARIES = ("libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1", "nvml.dll")
#: Seconds that the library may take; it may have to wait for a GPU to wake up.
PATIENCE = 2.0
#: Maximum number of GPUs to read.
_MOST = 64
#: Length of a name in bytes (``NVML_DEVICE_NAME_V2_BUFFER_SIZE``).
_NAME = 96


@dataclass(frozen=True)
class Gpu:
    """A GPU. ``use`` is the share of the last moments in which it was busy, in percent. None is unknown."""

    name: str
    memory_bytes: int | None = None
    used_bytes: int | None = None
    use: int | None = None


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Use(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def gpus() -> Sequence[Gpu]:
    """Return the GPUs; none if the library is absent, fails, or does not answer in time. Not for the event loop."""
    return _result(_reads.run([LIBRARIES])[LIBRARIES])


async def gpus_soon() -> Sequence[Gpu]:
    """Return the GPUs as :func:`gpus` does, without blocking the event loop."""
    libraries = LIBRARIES
    return _result((await _reads.gather([libraries]))[libraries])


def _result(found: Sequence[Gpu] | Exception | None) -> Sequence[Gpu]:
    if found is None or isinstance(found, Exception):
        log.debug("NVIDIA's library was not read: %s", found or "it did not answer in time")
        return []
    return found


def _read(libraries: Sequence[str]) -> Sequence[Gpu]:
    library = _library(libraries)
    if library is None or library.nvmlInit_v2() != 0:
        return []
    try:
        count = ctypes.c_uint()
        if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return []
        return list(_gpus(library, min(count.value, _MOST)))
    finally:
        library.nvmlShutdown()


def _library(names: Sequence[str]) -> ctypes.CDLL | None:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _gpus(library: ctypes.CDLL, count: int) -> Iterator[Gpu]:
    for index in range(count):
        device = ctypes.c_void_p()
        name = ctypes.create_string_buffer(_NAME)
        if library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(device)) != 0:
            continue
        if library.nvmlDeviceGetName(device, name, ctypes.c_uint(_NAME)) != 0:
            continue
        memory, use = _Memory(), _Use()
        # A part of a GPU (MIG) has no use, and an integrated GPU has no separate memory.
        has_memory = library.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) == 0
        has_use = library.nvmlDeviceGetUtilizationRates(device, ctypes.byref(use)) == 0
        yield Gpu(
            name.value.decode("utf-8", "replace"),
            memory.total if has_memory else None,
            memory.used if has_memory else None,
            min(use.gpu, 100) if has_use else None,
        )


_reads: BoundedReads[Sequence[str], Sequence[Gpu]] = BoundedReads(_read, PATIENCE)
