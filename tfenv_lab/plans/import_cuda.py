"""Solve the specs of an imported file, if need be for a CUDA version that this machine has no driver for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .. import variants
from ..errors import Unsatisfiable
from ..sentences import say

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord
    from ..conda.repodata.repodata import Repodata
    from ..plan_requests import Import

#: A CUDA version that is newer than every driver's, to learn which one the packages need.
_ANY_CUDA = "99"

_NO_DRIVER = say("The file asks for CUDA builds, but this machine has no NVIDIA driver.")


async def solve(
    request: Import, asked: Mapping[str, str], source: Repodata
) -> tuple[list[RepoDataRecord], str | None, Sequence[GenericVirtualPackage], list[str]]:
    """Solve specs; return the records, an assumed CUDA version, the virtual packages, and notes.

    A file that needs CUDA is also solved on a machine without a driver: with the CUDA version of the request, with that
    which a spec names, or with the newest that fits.
    """
    from ..conda.machine import virtual_packages
    from ..conda.solving import solve as solving

    overrides = virtual_packages.overrides(source.settings)
    virtual = await asyncio.to_thread(virtual_packages.detect, overrides, request.cuda)

    async def with_cuda(cuda: str) -> tuple[list[RepoDataRecord], Sequence[GenericVirtualPackage]]:
        assumed = virtual_packages.detect(overrides, cuda)
        return await solving.solve(source, asked.values(), virtual_packages=assumed), assumed

    if request.cuda is not None or virtual_packages.version_of(virtual, "__cuda") is not None:
        return await solving.solve(source, asked.values(), virtual_packages=virtual), request.cuda, virtual, []
    cuda = _named_cuda(asked)
    if cuda is not None:
        try:
            records, assumed = await with_cuda(cuda)
        except Unsatisfiable:
            pass
        else:
            return (
                records,
                cuda,
                assumed,
                [say("{no_driver} CUDA {cuda}, which the file names, is assumed.", no_driver=_NO_DRIVER, cuda=cuda)],
            )
    try:
        return await solving.solve(source, asked.values(), virtual_packages=virtual), None, virtual, []
    except Unsatisfiable as error:
        try:
            records, _ = await with_cuda(_ANY_CUDA)
            cuda = _needed_cuda(records)
            if cuda is None:
                raise error
            records, assumed = await with_cuda(cuda)
        except Unsatisfiable:
            raise error from None
        return (
            records,
            cuda,
            assumed,
            [say("{no_driver} The newest CUDA that fits, {cuda}, is assumed.", no_driver=_NO_DRIVER, cuda=cuda)],
        )


def _named_cuda(asked: Mapping[str, str]) -> str | None:
    """Return the CUDA version that specs name: in TensorFlow's build, or as the version of CUDA itself."""
    from ..conda.solving import grammar

    parts = [grammar.read(text) for text in asked.values()]
    versions = [variants.cuda_of(each.name, each.build.rstrip("*")) for each in parts if each.build]
    versions += [variants.cuda_in(f"{each.name} {each.version}") for each in parts]
    return next((version for version in versions if version and "." in version), None)


def _needed_cuda(records: Iterable[RepoDataRecord]) -> str | None:
    """Return the newest CUDA version that packages are built for, or that they need at least."""
    from ..conda.solving.specs import version_key

    found = []
    for record in records:
        name, version = record.name.normalized, str(record.version)
        if name in ("cuda-version", "cudatoolkit"):
            found.append(".".join(version.split(".")[:2]))
        found.append(variants.cuda_of(name, str(record.build)) or "")
        found += [variants.least_cuda(text) or "" for text in record.depends if text.startswith("__cuda")]
    return max((version for version in found if version), key=version_key, default=None)
