"""What the services of a server are built on: its directories, settings, channels and indexes.

Each part is created, and its room imported, when it is first used: a command that only reads must start in a moment.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .service_configuration import Configuration, conda_settings, folder, index_policy

if TYPE_CHECKING:
    from .conda.repodata.repodata import Repodata
    from .conda.settings.condarc import CondaSettings
    from .directories import Directories
    from .jobs.store import JobStore
    from .local_channel.service import LocalChannel
    from .plans.newest import NewestVersions
    from .plans.package_search import PackageSearch
    from .pypi.index import IndexReader
    from .pypi.models import IndexPolicy, IndexSettings
    from .tensorflow.catalog.catalog import Catalog


class Foundations:
    """The directories, settings, channels and indexes of a server."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        #: URLs at which this machine serves packages to its own jobs, by the URLs of their directories on the channels.
        self.mirrors: dict[str, str] = {}

    def prepare(self, *names: str) -> None:
        """Create the named parts, or all of them."""
        parts = [name for cls in type(self).__mro__ for name, part in vars(cls).items() if _is_part(part)]
        for name in names or parts:
            getattr(self, name)

    @cached_property
    def directories(self) -> Directories:
        """The directories that the services write to."""
        from .directories import Directories
        from .kernels import kernelspecs

        named = folder(self.configuration.envs_dir)
        return Directories(
            [named] if named else self._configured.envs_dirs,
            folder(self.configuration.package_cache),
            kernelspecs.fault,
        )

    @property
    def envs_dir(self) -> Path:
        """The directory for new environments."""
        return self.directories.envs_dir

    @property
    def package_cache(self) -> Path:
        """The directory for unpacked packages, whose files the environments share by hard links."""
        return self.directories.package_cache

    @cached_property
    def local_channel(self) -> LocalChannel:
        """The choice between the configured channels and a local channel."""
        from .local_channel.service import LocalChannel

        return LocalChannel(self.directories.state / "local-channel.json", self._configured, self._is_restricted)

    @property
    def conda(self) -> CondaSettings:
        """The settings in use; only their channels can change while the server runs."""
        return self.local_channel.settings

    @property
    def allowed_channels(self) -> tuple[str, ...]:
        """The names of the channels that a spec may name at the moment."""
        return tuple(self.configuration.allowed_channels) or tuple(ref.name for ref in self.conda.channels)

    @property
    def index_policy(self) -> IndexPolicy:
        """What the administrator decides about package indexes."""
        return index_policy(self.configuration, self.directories.uv_cache)

    @cached_property
    def repodata(self) -> Repodata:
        """The channel data."""
        from .conda.repodata.repodata import Repodata

        return Repodata(self.conda, cache_dir=self.directories.cache / "repodata")

    @cached_property
    def catalog(self) -> Catalog:
        """The TensorFlow releases on the channels."""
        from .tensorflow.catalog.catalog import Catalog

        return Catalog(self.repodata, index=self._index, reader=self._reader)

    @cached_property
    def search(self) -> PackageSearch:
        """The search for packages of both sources."""
        from .plans.package_search import PackageSearch

        return PackageSearch(self.repodata, self._reader, self._index)

    @cached_property
    def newest(self) -> NewestVersions:
        """The newest versions of installed packages."""
        from .plans.newest import NewestVersions

        return NewestVersions(self.repodata, self.search)

    @cached_property
    def _configured(self) -> CondaSettings:
        return conda_settings(self.configuration)

    @cached_property
    def _store(self) -> JobStore:
        from .jobs.store import JobStore

        return JobStore(self.directories.state / "jobs")

    @cached_property
    def _reader(self) -> IndexReader:
        from .pypi.index import IndexReader

        return IndexReader()

    @property
    def _is_restricted(self) -> bool:
        return bool(self.configuration.allowed_channels) or self._configured.allowlist is not None

    @property
    def _catalog_so_far(self) -> Catalog | None:
        """The catalog, if it was used before. A new one would know nothing, so a list need not create it."""
        return self.__dict__.get("catalog")

    def _index(self) -> IndexSettings:
        from .pypi import settings

        return settings.read(self.index_policy)

    def _uv_directory(self) -> Path:
        from .pypi import cache

        return cache.directory(self._index().variables)


def _is_part(member: object) -> bool:
    return isinstance(member, cached_property)
