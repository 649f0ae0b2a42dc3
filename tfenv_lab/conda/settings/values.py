"""Read the values of single settings. A value that cannot be followed adds a warning, and a default is used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from ...disk.paths import expanded
from ...disk.reads import BoundedReads
from ...sentences import say
from . import channels as _channels
from .channels import ChannelPriority, ChannelRules, Credential, split_credentials
from .files import Warnings
from .merging import Sources, merge_list, merge_map, merge_value

_TRUE, _FALSE = {"true", "yes", "on", "y", "1"}, {"false", "no", "off", "n", "0", "none", ""}

#: Nothing is on a drive that does not answer.
_exists: BoundedReads[Path, bool] = BoundedReads(Path.exists)


def boolean(sources: Sources, key: str, default: bool) -> bool:
    value = sources.merged(merge_value, key)
    text = str(default if value is None else value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    used = str(default).lower()
    sources.warnings.add(
        say(
            "{key} in {winner} must be true or false. “{used}” is used instead.",
            key=key,
            winner=sources.winner(key),
            used=used,
        ),
        key,
    )
    return default


def channel_priority(sources: Sources) -> ChannelPriority:
    key = "channel_priority"
    value = sources.merged(merge_value, key)
    text = str("flexible" if value is None else value).strip().lower()
    # Before conda 4.6 the setting was a boolean.
    text = "flexible" if text in _TRUE else "disabled" if text in _FALSE else text
    if text not in ("strict", "flexible", "disabled"):
        sources.warnings.add(
            say(
                "{key} in {winner} must be strict, flexible or disabled. “flexible” is used instead.",
                key=key,
                winner=sources.winner(key),
            ),
            key,
        )
        text = "flexible"
    return cast(ChannelPriority, text)


def ssl_verify(sources: Sources, expand: Callable[[str], str]) -> bool | str:
    keys = "ssl_verify", "verify_ssl"
    value = sources.merged(merge_value, *keys)
    text = expand(str(True if value is None else value).strip())
    if text.lower() in _TRUE or text.lower() in _FALSE:
        return text.lower() in _TRUE
    if text != "truststore" and _exists.run([Path(text)])[Path(text)] is not True:
        sources.warnings.add(
            say(
                "The file {text}, which ssl_verify in {winner} names, does not exist. “true” is used instead.",
                text=text,
                winner=sources.winner(*keys),
            ),
            keys[0],
        )
        return True
    return text


def possible_channels(texts: Iterable[str], key: str, warnings: Warnings, origin: str = "") -> list[str]:
    """Return the texts that can be channels. Add a warning for each other one, without quoting it."""
    found = []
    for number, text in enumerate(texts, 1):
        if _channels.can_be(text):
            found.append(text)
        else:
            place = say(" in {origin}", origin=origin) if origin else ""
            warnings.add(
                say(
                    "Item {number} of {key}{place} is not a valid URL. It is ignored.",
                    number=number,
                    key=key,
                    place=place,
                ),
                key,
            )
    return found


def channel_rules(sources: Sources, expand: Callable[[str], str], builds: Iterable[Path]) -> ChannelRules:
    """Return the rules for channel names. All credentials are removed from their URLs.

    ``builds`` are the directories where conda-build puts packages; they form the channel ``local``.
    """
    credentials: dict[str, Credential] = {}

    def clean(url: str, name: str = "") -> str:
        base, credential = split_credentials(url)
        if credential:
            credentials[f"{base}/{name}" if name else base] = replace(credential, root=base)
        return base

    def member(url: str) -> str:
        base, credential = split_credentials(url)
        if credential:
            credentials[base] = replace(credential, root=alias if base.startswith(f"{alias}/") else "")
        return base

    def possible(texts: Iterable[Any], key: str) -> list[str]:
        return possible_channels((expand(str(text)) for text in texts), key, sources.warnings, sources.origin(key))

    def full(text: str) -> str:
        """Return the clean URL of a multichannel's member; a name is appended to the alias."""
        return member(text) if "://" in text else f"{alias}/{text.strip('/')}"

    named = str(sources.merged(merge_value, "channel_alias") or _channels.DEFAULT_ALIAS)
    alias = next((clean(text) for text in possible([named], "channel_alias")), _channels.DEFAULT_ALIAS)
    if "://" not in alias:
        sources.warnings.add(
            say(
                "channel_alias in {winner} must be a URL. {default_alias} is used instead.",
                winner=sources.winner("channel_alias"),
                default_alias=_channels.DEFAULT_ALIAS,
            ),
            "channel_alias",
        )
        alias = _channels.DEFAULT_ALIAS
    defaults = sources.merged(merge_list, "default_channels") or list(_channels.DEFAULT_CHANNELS)

    def members_of(texts: Iterable[Any], key: str) -> tuple[str, ...]:
        return tuple(full(text) for text in possible(texts, key) if text != _channels.NODEFAULTS)

    multichannels = {"defaults": members_of(defaults, "default_channels")}
    key = "custom_multichannels"
    for name, members in sources.merged(merge_map, key).items():
        if not isinstance(members, (list, tuple)):
            sources.warnings.add(
                say(
                    "{name} in {key} in {origin} must be a list. It is ignored.",
                    name=name,
                    key=key,
                    origin=sources.origin(key),
                ),
                key,
            )
            members = ()
        multichannels[name] = members_of(members, key)
    multichannels["local"] = tuple(place.as_uri() for place in builds)
    # Users can name a member of a multichannel by itself: pkgs/main resolves to the URL that defaults gives it.
    members = (urlsplit(url) for urls in multichannels.values() for url in urls if not url.startswith(f"{alias}/"))
    custom = {url.path.strip("/"): f"{url.scheme}://{url.netloc}" for url in members if url.path.strip("/")}
    custom.update(_channels.DEFAULT_CUSTOM)
    for name, location in sources.merged(merge_map, "custom_channels").items():
        name = name.strip("/")
        found = possible([location], "custom_channels")
        if found:
            custom[name] = clean(found[0], name) if "://" in found[0] else alias
        else:
            # Do not fall back to the alias: anybody may have created a channel of this name there.
            multichannels[name] = ()
    return ChannelRules(alias, custom, multichannels, credentials)


def directories(sources: Sources, keys: Sequence[str], home: Path, expand: Callable[[str], str]) -> list[Path]:
    """Return the directories of a setting with all its names; the first is that in warnings."""
    texts = sources.merged(merge_list, *keys)
    found = [directory(expand(text), home) for text in texts]
    for text, path in zip(texts, found, strict=True):
        if path is None:
            sources.warnings.add(
                say(
                    "“{text}” is ignored, because there is no such user ({keys} in {origin}).",
                    text=text[:80],
                    keys=keys[0],
                    origin=sources.origin(*keys),
                ),
                keys[0],
            )
    return list(dict.fromkeys(path for path in found if path is not None))


def directory(text: str, home: Path) -> Path | None:
    """Return an absolute path, or None if it begins with the home directory of a user who does not exist."""
    path = home / text[2:] if text.startswith("~/") else expanded(text)
    return None if path is None else Path(os.path.abspath(path))  # noqa: PTH100


def virtual_packages(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the overrides of virtual packages. As in conda, names lose their underscores and “none” means unset."""
    texts = {name.removeprefix("__"): str(value).strip() for name, value in found.items()}
    return {name: text for name, text in texts.items() if text.lower() != "none"}


def default_packages(sources: Sources) -> list[str]:
    """Return ``create_default_packages`` without packages that are files (``Context.create_default_packages``)."""
    key = "create_default_packages"
    found = []
    for number, text in enumerate(sources.merged(merge_list, key), 1):
        if text.endswith((".conda", ".tar.bz2")):
            sources.warnings.add(
                say(
                    "Item {number} of {key} in {origin} is a file. It is ignored.",
                    number=number,
                    key=key,
                    origin=sources.origin(key),
                ),
                key,
            )
        else:
            found.append(text)
    return found
