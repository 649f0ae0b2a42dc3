"""Name the running kernels of an environment that a command changes, and shut them down if the user agrees."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..services import Services

if TYPE_CHECKING:
    from ..kernels.running import RunningKernel


class Asking(Protocol):
    """A command with the option ``--shutdown-kernels``, which asks on a terminal unless ``-y`` or ``--json``."""

    @property
    def answer_yes(self) -> bool: ...

    @property
    def json(self) -> bool: ...

    @property
    def shutdown_kernels(self) -> bool: ...


def describe_kernel(kernel: RunningKernel) -> str:
    """Return what a user knows a running kernel by: its notebook, or the kernel's name."""
    return kernel.notebook or f"a kernel without a notebook: {kernel.name}"


async def shut_down(command: Asking, services: Services, prefix: Path, *, offers: bool) -> None:
    """Shut down the kernels that run in a prefix, with ``--shutdown-kernels`` or if the user agrees.

    If ``offers``, the kernels cannot work after the change, so they are named, and a user on a terminal is asked. An
    answer must be given: ``-y`` alone ends no kernel, because its variables are lost.
    """
    kernels = await services.kernels.sessions.running_in(prefix)
    if not kernels:
        return
    if not command.shutdown_kernels:
        if not offers:
            return
        print("\n".join(["In use by:", *(f"  {describe_kernel(kernel)}" for kernel in kernels)]), file=sys.stderr)
        if command.answer_yes or command.json or not sys.stdin.isatty():
            print("These kernels lose their files. --shutdown-kernels shuts them down first.", file=sys.stderr)
            return
        kernels_text = "this kernel" if len(kernels) == 1 else f"these {len(kernels)} kernels"
        if input(f"Shut down {kernels_text} first? [Y/n] ").strip().lower() in ("n", "no"):
            return
    await services.kernels.sessions.shut_down(prefix)
    left = await services.kernels.sessions.running_in(prefix)
    for kernel in left:
        print(f"Could not be shut down: {describe_kernel(kernel)}", file=sys.stderr)
    if not left:
        print("The kernel was shut down." if len(kernels) == 1 else "The kernels were shut down.", file=sys.stderr)
