"""Read plan requests from JSON, with an error that names the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import serde
from .errors import InvalidRequest
from .plan_requests import CHOICES, KINDS, PlanRequest
from .sentences import filled, say

#: msgspec's messages about invalid JSON, as patterns, with the messages that users get; these name the kind and field.
_COMPLAINTS = (
    (r"Object missing required field `(?P<field>\w+)`", say("A plan of kind “{kind}” needs “{field}”.")),
    (r"Object contains unknown field `(?P<field>.*)`", say("A plan of kind “{kind}” has no field “{field}”.")),
    (r".* - at `\$\.what.*`", say("“what” must be a list of {choices}.", choices=CHOICES)),
    (r"(?:Expected|Invalid) .* - at `\$\.nodes.*`", say("“nodes” must be a list of strings, or “all”.")),
    (r"(?:Expected|Invalid) .* - at `\$\.mode`", say("“mode” must be “inside”, “beside” or “back”.")),
    (r"Expected .* - at `\$\.packages`", say("“packages” must be a list of strings.")),
    (r"Expected `str(?: \| null)?`, .* - at `\$\.(?P<field>\w+)`", say("“{field}” must be a string.")),
    (r"Expected .* - at `\$\.replacements.*`", say("“replacements” must be an object of strings and null.")),
    (r"Expected .* - at `\$\.channels.*`", say("“channels” must be a list of strings.")),
    (r"Expected `(?:str|array)`, .* - at `\$\.(?P<field>\w+)(?:\[.*\])?`", say("“{field}” must be a list of strings.")),
    (r"Expected `bool`, .* - at `\$\.(?P<field>\w+)`", say("“{field}” must be true or false.")),
    (r"Expected `(?:bool \| str|str \| bool)`, .* - at `\$\.keras`", say("“keras” must be true, false or a version.")),
    (r"Expected `bool \| null`, .* - at `\$\.(?P<field>\w+)`", say("“{field}” must be true, false or null.")),
    (r"Expected `int`, .* - at `\$\.(?P<field>\w+)`", say("“{field}” must be a whole number.")),
    (r"Invalid enum value .* - at `\$\.packages`", say("“packages” must be a list of strings, or “all”.")),
    (r"Expected `int \| null`, .* - at `\$\.(?P<field>\w+)`", say("“{field}” must be a whole number or null.")),
    (r"Invalid enum value .* - at `\$\.variant`", say("“variant” must be “auto”, “cpu” or “cuda”.")),
    (r"Invalid enum value .* - at `\$\.builds`", say("“builds” must be “exact”, “versions” or “names”.")),
    (r"Invalid enum value .* - at `\$\.channels`", say("“channels” must be “file”, “allowed” or “all”.")),
    (r"Invalid enum value .* - at `\$\.indexes`", say("“indexes” must be “file” or “configured”.")),
    (r"(?:Invalid enum value|Expected) .* - at `\$\.source`", say("“source” must be “conda”, “pypi” or null.")),
)


def parse(body: Mapping[str, Any]) -> PlanRequest:
    """Return the plan request in a JSON object. Raises InvalidRequest, InvalidName or InvalidSpec naming the field."""
    kind = body.get("kind")
    if kind not in KINDS:
        raise InvalidRequest(
            say("“kind” must be one of {kinds} and {kinds_2}.", kinds=", ".join(KINDS[:-1]), kinds_2=KINDS[-1])
        )
    try:
        request: PlanRequest = serde.convert(body, PlanRequest)
    except serde.Unreadable as error:
        for pattern, sentence in _COMPLAINTS:
            found = re.fullmatch(pattern, str(error), re.DOTALL)
            if found:
                raise InvalidRequest(filled(sentence, kind=kind, **found.groupdict())) from error
        raise InvalidRequest(say("The plan request is not valid."), str(error)) from error
    return request
