"""Test reading the GPUs, with a stand-in for NVIDIA's library that a C compiler builds here: no GPU is involved."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Api
from tfenv_lab.conda.machine import nvml
from tfenv_lab.conda.machine.nvml import Gpu, gpus, gpus_soon

#: The stand-in: two GPUs, of which the second is a part of one (MIG), without a use.
_SOURCE = """
#include <string.h>
#include <unistd.h>
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned int gpu, memory; } use_t;
static int devices[2];
int nvmlInit_v2(void) { sleep(DELAY); return FAILURE; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) { *device = &devices[index]; return 0; }
int nvmlDeviceGetName(void *device, char *name, unsigned int length) {
    strncpy(name, device == &devices[0] ? "Stand-in A100" : "Stand-in MIG", length); return 0; }
int nvmlDeviceGetMemoryInfo(void *device, memory_t *memory) {
    memory->total = 80000000000ULL; memory->used = 5000000000ULL; memory->free = 75000000000ULL; return 0; }
int nvmlDeviceGetUtilizationRates(void *device, use_t *use) {
    if (device != &devices[0]) return 3;
    use->gpu = 35; use->memory = 10; return 0; }
"""
_FIRST = Gpu("Stand-in A100", 80_000_000_000, 5_000_000_000, 35)
_SECOND = Gpu("Stand-in MIG", 80_000_000_000, 5_000_000_000, None)

Build = Callable[..., Path]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Return a function that builds the stand-in and puts it in place of NVIDIA's library."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a stand-in for NVIDIA's library needs a C compiler")

    def make(failure: int = 0, delay: int = 0) -> Path:
        source, library = tmp_path / "nvml.c", tmp_path / "libnvidia-ml.so.1"
        source.write_text(_SOURCE)
        values = (f"-DFAILURE={failure}", f"-DDELAY={delay}")
        subprocess.run([compiler, "-shared", "-fPIC", *values, "-o", library, source], check=True)
        monkeypatch.setattr(nvml, "LIBRARIES", ("libno-such-library.so.1", str(library)))
        return library

    return make


def test_name_memory_and_use_of_each_gpu(build: Build) -> None:
    build()
    assert list(gpus()) == [_FIRST, _SECOND]


def test_a_machine_without_the_library_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "LIBRARIES", ("libno-such-library.so.1",))
    assert list(gpus()) == []


def test_a_library_without_a_driver_has_none(build: Build) -> None:
    build(failure=9)
    assert list(gpus()) == []


def test_a_library_of_another_kind_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "LIBRARIES", ("libc.so.6",))
    assert list(gpus()) == []


async def test_a_library_that_does_not_answer_is_left(build: Build) -> None:
    build(delay=30)
    assert list(await gpus_soon()) == []


async def test_the_status_has_the_gpus(build: Build, api: Api) -> None:
    build()
    _, status = await api.call("GET", "status")
    assert status["gpu"]["devices"] == [
        {"name": "Stand-in A100", "memory_bytes": 80_000_000_000, "used_bytes": 5_000_000_000, "use": 35},
        {"name": "Stand-in MIG", "memory_bytes": 80_000_000_000, "used_bytes": 5_000_000_000, "use": None},
    ]
