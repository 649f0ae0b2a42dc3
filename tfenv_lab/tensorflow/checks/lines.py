"""Read what the probe wrote, without trust: it runs together with the code of the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from ... import serde
from ...sentences import say

#: Maximum bytes of the file of results, and characters of a text of an error.
LARGEST, _LONGEST = 20_000_000, 20_000


class _Error(TypedDict):
    type: str
    message: str
    traceback: str
    module: str | None
    path: str | None
    files: list[str]


class _Failed(TypedDict):
    error: _Error


class _Interpreter(TypedDict):
    executable: str
    version: str
    prefix: str
    path: list[str]
    user_site: str | None
    markers: dict[str, str]


class _Distribution(TypedDict):
    name: str
    version: str | None
    location: str
    requires: list[str]
    installer: str
    needed: bool


class _Distributions(TypedDict):
    found: list[_Distribution]


class _Settings(TypedDict):
    path: str
    values: Any
    variable: str | None


class _TensorFlow(TypedDict):
    version: str
    file: str | None
    cuda_build: bool
    cuda_version: str | None


class _Keras(TypedDict):
    version: str
    file: str | None


class _DeviceLine(TypedDict):
    name: str
    type: str


class _DeviceWithModel(_DeviceLine, total=False):
    model: str | None


class _Devices(TypedDict):
    found: list[_DeviceWithModel]


class _Compute(TypedDict):
    devices: list[str]


class _Xla(TypedDict):
    pass


class _Module(TypedDict):
    name: str
    file: str
    place: str
    hides: bool


class _Modules(TypedDict):
    found: list[_Module]


#: What each stage of the probe writes if it succeeds.
_STAGES: dict[str, Any] = {
    "interpreter": _Interpreter,
    "distributions": _Distributions,
    "settings": _Settings,
    "tensorflow": _TensorFlow,
    "keras": _Keras,
    "devices": _Devices,
    "compute": _Compute,
    "xla": _Xla,
    "modules": _Modules,
}


def read(path: Path) -> tuple[dict[str, dict[str, Any]], str | None]:
    """Return the stages in the probe's file, and the stage that began but did not end, or None.

    A stage with a result that cannot be read has an error that says so. Everything else that is not the probe's is
    ignored.
    """
    stages: dict[str, dict[str, Any]] = {}
    begun: str | None = "interpreter"
    with path.open("rb") as file:
        text = file.read(LARGEST).decode("utf-8", "replace")
    for each in text.split("\n"):
        try:
            line = serde.parse(each)
        except ValueError:
            # The probe ended in the middle of a write.
            continue
        if not isinstance(line, dict):
            continue
        if "begin" in line:
            begun = line["begin"] if line["begin"] in (None, *_STAGES) else begun
        elif line.get("stage") in tuple(_STAGES):
            stages[line["stage"]] = _stage(line)
    return stages, begun


def _stage(line: dict[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = serde.convert(line, _Failed if "error" in line else _STAGES[line["stage"]])
    except serde.Unreadable as error:
        message = say("the result of this step cannot be read")
        return {
            "error": _Error(
                type="Unreadable", message=message, traceback=f"{message}: {error}", module=None, path=None, files=[]
            )
        }
    if "error" in found:
        told = found["error"]
        texts = {"message": told["message"][:_LONGEST], "traceback": told["traceback"][-_LONGEST:]}
        return {"error": {**told, **texts}}
    return found
