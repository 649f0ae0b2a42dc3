"""The configuration that the services follow, and the settings that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .pypi.models import IndexPolicy

if TYPE_CHECKING:
    from .conda.settings.condarc import CondaSettings


class Configuration(Protocol):
    """The settings that the services follow; the server extension has them as traits."""

    @property
    def channels(self) -> Sequence[str]: ...

    @property
    def allowed_channels(self) -> Sequence[str]: ...

    @property
    def python_index(self) -> str: ...

    @property
    def allowed_indexes(self) -> Sequence[str]: ...

    @property
    def allow_source_builds(self) -> bool: ...

    @property
    def allow_url_requirements(self) -> bool: ...

    @property
    def envs_dir(self) -> str: ...

    @property
    def package_cache(self) -> str: ...

    @property
    def package_cache_limit(self) -> int | str: ...

    @property
    def max_environments(self) -> int: ...

    @property
    def max_bytes(self) -> int | str: ...

    @property
    def undo_minutes(self) -> int: ...

    @property
    def max_running_jobs(self) -> int: ...

    @property
    def protected_environments(self) -> Sequence[str]: ...

    @property
    def kernel_display_name(self) -> str: ...

    @property
    def kernel_filter(self) -> str: ...

    @property
    def kernel_variables_excluded(self) -> Sequence[str]: ...

    @property
    def check_after_change(self) -> bool: ...

    @property
    def spare_worker(self) -> bool: ...

    @property
    def clusters(self) -> Mapping[str, str]: ...

    @property
    def offline(self) -> bool: ...

    @property
    def warnings(self) -> Sequence[str]: ...

    @property
    def log(self) -> Any: ...


def conda_settings(configuration: Configuration) -> CondaSettings:
    """Return the settings of condarc, overridden by the traits."""
    from .conda.settings import condarc

    settings = condarc.load()
    if configuration.channels:
        settings = condarc.with_channels(settings, configuration.channels)
    return replace(settings, offline=True) if configuration.offline else settings


def folder(text: str) -> Path | None:
    """Return the directory that a trait names, or None if the trait is empty."""
    return Path(text).expanduser().absolute() if text else None


def index_policy(configuration: Configuration, uv_cache: str) -> IndexPolicy:
    """Return what the administrator decides about package indexes."""
    return IndexPolicy(
        python_index=configuration.python_index,
        allowed_indexes=tuple(configuration.allowed_indexes),
        allow_source_builds=configuration.allow_source_builds,
        allow_url_requirements=configuration.allow_url_requirements,
        offline=configuration.offline,
        cache=uv_cache,
    )
