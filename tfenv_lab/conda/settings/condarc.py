"""Combine condarc files and ``CONDA_*`` variables into one value that can be sent to a worker process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...disk.reads import BoundedReads
from ...errors import ChannelNotAllowed
from ...sentences import say
from . import channels as _channels
from . import roots, values
from .channels import ChannelPriority, ChannelRef, ChannelRules
from .files import Warnings, expand_variables
from .merging import Sources, gather, merge_list, merge_map, merge_value

#: Keys that change what conda installs, how it reaches channels, or what activation sets, but that are not followed
#: here; each with its alias.
_UNSUPPORTED = (
    ("add_pip_as_python_dependency",),
    ("aggressive_update_packages",),
    ("channel_settings",),
    ("client_ssl_cert", "client_cert"),
    ("client_ssl_cert_key", "client_cert_key"),
    ("deps_modifier",),
    ("disallowed_packages", "disallow"),
    ("envvars_force_uppercase",),
    ("exclude_newer", "cooldown"),
    ("exclude_newer_package", "cooldown_exclude"),
    ("migrated_channel_aliases",),
    ("migrated_custom_channels",),
    ("repodata_fns",),
    ("restore_free_channel",),
    ("subdir",),
    ("subdirs",),
    ("track_features",),
    ("update_modifier",),
    ("use_local",),
    ("use_only_tar_bz2",),
)


@dataclass(frozen=True)
class ChannelList:
    """Clean URLs of the channels in ``allowlist_channels`` or ``denylist_channels``, and where the key is set."""

    urls: tuple[str, ...]
    origin: str


@dataclass(frozen=True)
class CondaSettings:
    """Settings of conda that this package supports.

    URLs in ``channels`` and ``rules`` contain no credentials; ``rules.credentials`` maps clean URLs to them. The repr
    omits the credentials and ``proxy_servers``, which can contain a password. The JSON includes them: it is written
    only to the worker's standard input. An empty proxy means no proxy.
    """

    channels: tuple[ChannelRef, ...]
    envs_dirs: tuple[Path, ...]
    pkgs_dirs: tuple[Path, ...]
    channel_priority: ChannelPriority = "flexible"
    offline: bool = False
    ssl_verify: bool | str = True
    proxy_servers: dict[str, str] = field(default_factory=dict, repr=False)
    root_prefix: Path | None = None
    #: Versions by virtual package name without underscores; for archspec, the build. Empty: the package is absent.
    override_virtual_packages: dict[str, str] = field(default_factory=dict)
    #: Specs that every change of every environment must satisfy.
    pinned_packages: tuple[str, ...] = ()
    #: Specs that every new environment gets, unless the request names the package.
    create_default_packages: tuple[str, ...] = ()
    #: The only channels that may be used; None permits every channel.
    allowlist: ChannelList | None = None
    #: Channels that must not be used.
    denylist: ChannelList | None = None
    #: Sentences about files and values that are not followed.
    warnings: tuple[str, ...] = ()
    #: The first of them after which the channels may not be those that the user expects.
    channel_warning: str | None = None
    rules: ChannelRules = field(default_factory=ChannelRules)
    #: URLs below which this machine serves packages to itself, by the URLs of their directories on the channels.
    mirrors: dict[str, str] = field(default_factory=dict)


def _writable(prefix: Path) -> bool:
    return _is_writable.run([prefix])[prefix] is True


#: Nothing is on a drive that does not answer.
_is_folder: BoundedReads[Path, bool] = BoundedReads(Path.is_dir)
_is_writable: BoundedReads[Path, bool] = BoundedReads(
    lambda prefix: os.access(prefix / "conda-meta" / "history", os.W_OK)
)


def load(env: Mapping[str, str] = os.environ, home: Path | None = None) -> CondaSettings:
    """Return the settings of every condarc on conda's search path and of ``CONDA_*`` variables.

    If no channel is configured, the only channel is conda-forge: conda's default channels have license terms, so they
    are used only if they are configured. Unreadable files and invalid values are ignored, and ``warnings`` names them.
    """
    home = home or Path.home()
    found = roots.find(env, home)
    sources = gather(env, home, found[0] if found else None)

    def expand(text: str) -> str:
        return expand_variables(text, env)

    named = sources.merged(merge_value, "root_prefix", "root_dir")
    root = (values.directory(str(named), home) if named else None) or (found[0] if found else None)
    envs = values.directories(sources, ("envs_dirs", "envs_path"), home, expand)
    own, of_root = home / ".conda" / "envs", [root / "envs"] if root else []
    # conda puts its own directory first if it is writable (mockable_context_envs_dirs).
    envs += [*of_root, own] if root and _writable(root) else [own, *of_root]
    pkgs = values.directories(sources, ("pkgs_dirs",), home, expand)
    pkgs = pkgs or [*([root / "pkgs"] if root else []), home / ".conda" / "pkgs"]
    servers = sources.merged(merge_map, "proxy_servers").items()
    proxies = {expand(key): expand(str(url)) if url else "" for key, url in servers}
    built = [sources.merged(merge_value, key) for key in ("croot", "bld_path")]
    built += [f"{root}/conda-bld" if root else None, "~/conda-bld"]
    possible_places = dict.fromkeys(values.directory(expand(str(text)), home) for text in built if text)
    places = _is_folder.run([place for place in possible_places if place is not None])
    builds = [place for place, is_there in places.items() if is_there is True]
    settings = CondaSettings(
        channels=(),
        envs_dirs=tuple(dict.fromkeys(envs)),
        pkgs_dirs=tuple(dict.fromkeys(pkgs)),
        channel_priority=values.channel_priority(sources),
        offline=values.boolean(sources, "offline", False),
        ssl_verify=values.ssl_verify(sources, expand),
        proxy_servers=proxies,
        root_prefix=root,
        override_virtual_packages=values.virtual_packages(
            sources.merged(merge_map, "override_virtual_packages", "virtual_packages")
        ),
        pinned_packages=tuple(sources.merged(merge_list, "pinned_packages")),
        create_default_packages=tuple(values.default_packages(sources)),
        rules=values.channel_rules(sources, expand, builds),
    )
    settings = replace(
        settings,
        allowlist=_listed(sources, ("allowlist_channels", "whitelist_channels"), settings, expand),
        denylist=_listed(sources, ("denylist_channels",), settings, expand),
    )
    named = [expand(text) for text in sources.merged(merge_list, "channels", "channel")]
    possible = values.possible_channels(named, "channels", sources.warnings, sources.origin("channels", "channel"))
    settings = with_channels(settings, possible)
    if not settings.channels and all(text == _channels.NODEFAULTS for text in named):
        settings = with_channels(settings, ["conda-forge"])
    for names in _UNSUPPORTED:
        key = names[0]
        # The variable CONDA_SUBDIR is followed (``virtual_packages.current_subdir``); the key in a file is not.
        if sources.matches(*names) and not (key == "subdir" and "CONDA_SUBDIR" in env):
            sources.warnings.add(
                say("{key} in {origin} is not supported. It has no effect.", key=key, origin=sources.origin(*names)),
                key,
            )
    warnings = sources.warnings
    return replace(settings, warnings=tuple(warnings.messages), channel_warning=warnings.about_channels)


def _listed(
    sources: Sources, names: tuple[str, ...], settings: CondaSettings, expand: Callable[[str], str]
) -> ChannelList | None:
    """Return an allowlist or denylist, or None if it is not set."""
    texts = [expand(text) for text in sources.protecting(*names)]
    if not texts:
        return None
    origin = sources.origin(*names)
    possible = values.possible_channels(texts, names[0], sources.warnings, origin)
    urls = (ref.url for text in possible for ref in resolve_channels(text, settings))
    return ChannelList(tuple(dict.fromkeys(urls)), say("{names} in {origin}", names=names[0], origin=origin))


def require_permitted(refs: Iterable[ChannelRef], settings: CondaSettings) -> None:
    """Raise ChannelNotAllowed for a channel that condarc denies, or does not list in ``allowlist_channels``.

    conda compares URLs without credentials, in this order (``validate_channels`` in conda/base/context.py).
    """
    for ref in refs:
        if settings.denylist is not None and ref.url in settings.denylist.urls:
            raise ChannelNotAllowed(
                say(
                    "conda's configuration denies the channel “{name}” ({origin}).",
                    name=ref.name,
                    origin=settings.denylist.origin,
                ),
                hint=say("Use another channel, or remove this one from denylist_channels and restart Jupyter."),
            )
        if settings.allowlist is not None and ref.url not in settings.allowlist.urls:
            raise ChannelNotAllowed(
                say(
                    "conda's configuration does not allow the channel “{name}” ({origin}).",
                    name=ref.name,
                    origin=settings.allowlist.origin,
                ),
                hint=say("Use an allowed channel, or add this one to allowlist_channels and restart Jupyter."),
            )


def with_channels(settings: CondaSettings, texts: Iterable[str]) -> CondaSettings:
    """Return ``settings`` with other channels, in order of priority; ``texts`` are written as in condarc."""
    refs: dict[ChannelRef, None] = {}
    credentials = dict(settings.rules.credentials)
    for text in values.possible_channels(texts, "channels", Warnings()):
        found, carried = _channels.resolve(text, settings.rules)
        refs.update(dict.fromkeys(found))
        credentials.update(carried)
    return replace(settings, channels=tuple(refs), rules=replace(settings.rules, credentials=credentials))


def resolve_channels(text: str, settings: CondaSettings) -> tuple[ChannelRef, ...]:
    """Return the channels that a name, path, URL or multichannel means; none for ``local`` if nothing is built.

    ``nodefaults`` means none either.
    """
    return _channels.resolve(text, settings.rules)[0]


def resolve_channel(text: str, settings: CondaSettings) -> ChannelRef:
    """Return the channel that a name, path or URL means; for a multichannel, its first member."""
    return resolve_channels(text, settings)[0]
