"""The command that creates an environment, with TensorFlow unless the user does not want it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Enum, List, Unicode

from ..errors import InvalidRequest
from ..plan_request_parser import parse
from ..services import Services
from ..tensorflow_packages import DISTRIBUTIONS, PACKAGES
from ..versions import minor_of
from .changes import BUILDS, ChangeApp

if TYPE_CHECKING:
    from ..tensorflow.models import Variant

#: A version in place of the newest, which is not known yet.
_ANY = "2"


class CreateApp(ChangeApp):
    """Create an environment with TensorFlow: jupyter tfenv create tf219 --tensorflow=2.19 pandas."""

    least, most, usage = (
        1,
        None,
        "create NEW_NAME [--tensorflow=2.19 | --no-tensorflow] [--keras=2] [--python=3.11] [SPEC…]",
    )
    tensorflow = Unicode(
        None, allow_none=True, help="Version of TensorFlow, as in 2.19. Default: the newest that this machine can run."
    ).tag(config=True)
    no_tensorflow = Bool(False, help="Create an environment without TensorFlow.").tag(config=True)
    keras = Unicode(
        None,
        allow_none=True,
        help="2 for Keras 2 (tf-keras), or a version of Keras 3, as in 3.9. Default: what TensorFlow brings.",
    ).tag(config=True)
    python = Unicode(None, allow_none=True, help="Version of Python, as in 3.11. Default: chosen by the solver.").tag(
        config=True
    )
    variant = Enum(("auto", "cpu", "cuda"), "auto", help="Variant of TensorFlow.").tag(config=True)
    cuda = Unicode(None, allow_none=True, help="Assume that the driver supports this CUDA version.").tag(config=True)
    source = Enum(
        (None, "conda", "pypi"),
        None,
        allow_none=True,
        help="Where TensorFlow comes from: conda or pypi. Default: chosen automatically.",
    ).tag(config=True)
    envs_dir = Unicode(
        None, allow_none=True, help="Directory for the environment, one of condarc's envs_dirs. Default: the usual one."
    ).tag(config=True)
    channels = List(Unicode(), help="An allowed channel to use in place of the configured ones; repeatable.").tag(
        config=True
    )
    aliases = {
        **ChangeApp.aliases,
        "envs-dir": "CreateApp.envs_dir",
        "channel": "CreateApp.channels",
        **{name: f"CreateApp.{name}" for name in ("tensorflow", "keras", "python", "variant", "cuda", "source")},
    }
    flags = {
        **BUILDS,
        "no-tensorflow": ({"CreateApp": {"no_tensorflow": True}}, no_tensorflow.help),
    }

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        name, *packages = arguments
        if self.no_tensorflow and self.tensorflow is not None:
            raise InvalidRequest("Use either --tensorflow or --no-tensorflow, not both.")
        choice = {key: getattr(self, key) for key in ("python", "variant", "cuda", "source", "source_builds")}
        keras = {"keras": self.keras} if self.keras is not None else {}
        place = {"envs_dir": self.envs_dir, "channels": list(self.channels) or None}
        request = {"kind": "create", "name": name, "packages": packages, **choice, **place, **keras}
        # An invalid request is refused before the channels are asked for the newest TensorFlow.
        parse({**request, "tensorflow": self.tensorflow or _ANY})
        return {**request, "tensorflow": await self._tensorflow(services, packages)}

    async def _tensorflow(self, services: Services, packages: Sequence[str]) -> str | None:
        """Return the version to request: by default, that of the release with which the form of the panel begins.

        Raises InvalidRequest if no release can be installed.
        """
        if self.tensorflow is not None or self.no_tensorflow or any(map(_is_tensorflow, packages)):
            return self.tensorflow
        if self.channels:
            # The catalog knows only what the configured channels have.
            return f"{_ANY}.*"
        catalog = await services.catalog.get(cuda=self.cuda)
        for release in catalog.releases:
            if not release.prerelease and any(map(self._admits, release.variants)):
                return f"{minor_of(release.version)}.*"
        raise InvalidRequest(
            catalog.message or "No release of TensorFlow that fits can be installed on this machine.",
            hint="Choose other options, or create an environment without TensorFlow with --no-tensorflow.",
        )

    def _admits(self, variant: Variant) -> bool:
        pythons = set(variant.python) - {each.python for each in variant.blocked}
        return (
            variant.installable
            and self.source in (None, variant.source)
            and (self.variant == "auto" or variant.name.startswith(self.variant))
            and (self.python is None or self.python in pythons)
        )


def _is_tensorflow(spec: str) -> bool:
    """Return whether a spec requests TensorFlow itself, from a channel or an index."""
    name = re.match(r"(?:.*:)?([\w.-]*)", spec.partition("=")[0].strip())
    return name is not None and name[1] in (*PACKAGES, *DISTRIBUTIONS)
