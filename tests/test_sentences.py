from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tfenv_lab import serde
from tfenv_lab.errors import JobFailed, NotFound, from_json
from tfenv_lab.models import Advice
from tfenv_lab.sentences import (
    Sentence,
    bytes_in,
    duration,
    joined,
    listing,
    listing_n,
    megabytes,
    parts_of,
    redact,
    say,
    say_n,
    sentence_of,
    some,
    without_credentials,
)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b and 1 more"),
        (list("abcd"), "a, b and 2 more"),
    ],
)
def test_a_list_names_the_first_few_and_counts_the_rest(texts: list[str], said: str) -> None:
    assert some(texts, 2) == said


def test_bytes_are_told_in_megabytes() -> None:
    assert megabytes(1_234_567_890) == "1,234.6 MB"
    assert megabytes(1_234_567_890, 0) == "1,235 MB"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("error for https://ada:secret@host/channel", "error for https://host/channel"),
        ("https://host/t/tk-1234/channel/noarch", "https://host/t/<TOKEN>/channel/noarch"),
        ("https://host/channel failed", "https://host/channel failed"),
        ("https://ada:sec@ret@host/simple is down", "https://host/simple is down"),
        ("https://host/simple is down, tell ada@host", "https://host/simple is down, tell ada@host"),
    ],
)
def test_credentials_in_urls_are_not_shown(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    ("text", "size"),
    [(0, 0), (12, 12), ("12", 12), ("20 GB", 20 * 10**9), ("1.5kB", 1500), ("2 tb", 2 * 10**12), (" 7 B ", 7)],
)
def test_a_size_is_a_number_or_has_a_unit(text: int | str, size: int) -> None:
    assert bytes_in(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", -1, "1 GiB", "1,5 GB", "1e9", "20 GB each", "9" * 40])
def test_what_is_no_size_is_refused(text: int | str) -> None:
    with pytest.raises(ValueError, match="is not a number of bytes"):
        bytes_in(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "2 min"), (3600, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_a_duration_has_the_unit_that_fits(seconds: int, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://user:pass@host/c", "https://host/c"),
        ("- https://token@host/c::numpy", "- https://host/c::numpy"),
        ("https://conda.example/t/ab-12/chan/noarch", "https://conda.example/chan/noarch"),
        ("https://u:p@conda.example/t/ab/chan", "https://conda.example/chan"),
        ("pkg @ git+https://u:p@github.com/a/b@v1", "pkg @ git+https://github.com/a/b@v1"),
        ("pkg @ git+ssh://git@github.com/a/b@v1", "pkg @ git+ssh://git@github.com/a/b@v1"),
        ("file:///t/wheels/a.whl", "file:///t/wheels/a.whl"),
        ("https://host/a/t/b/c", "https://host/a/t/b/c"),
        ("write to me@example.org // or you@example.org", "write to me@example.org // or you@example.org"),
    ],
)
def test_a_text_without_credentials_has_urls_that_still_work(text: str, clean: str) -> None:
    assert without_credentials(text) == clean


def test_a_sentence_knows_its_template_and_its_parameters() -> None:
    sentence = say("“{name}” has no revision {number}.", name="tf219", number=7)
    assert sentence == "“tf219” has no revision 7."
    assert parts_of({"message": sentence}) == {
        "message": {
            "template": "“{name}” has no revision {number}.",
            "plural": None,
            "params": {"name": "tf219", "number": 7},
        }
    }


@pytest.mark.parametrize(("count", "shown"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_a_sentence_that_counts_has_two_templates(count: int, shown: str) -> None:
    sentence = say_n("{count} file", "{count} files", count)
    assert sentence == shown
    assert parts_of({"text": sentence})["text"]["plural"] == "{count} files"


def test_braces_of_a_parameter_and_unknown_ones_stay() -> None:
    assert say("{text} is not {valid}: {}", text="{name}") == "{name} is not {valid}: {}"


def test_a_parameter_can_be_a_sentence_an_error_or_a_path() -> None:
    inner = say("{count} more", count=2)
    error = JobFailed(say("uv failed."))
    sentence = say("{inner}, {error} {path}", inner=inner, error=error, path=Path("/tmp"))
    assert sentence == "2 more, uv failed. /tmp"
    params = parts_of({"text": sentence})["text"]["params"]
    assert params["inner"]["template"] == "{count} more"
    assert params["error"]["template"] == "uv failed."
    assert params["path"] == "/tmp"


@pytest.mark.parametrize(
    "text",
    [
        say("Nothing was changed.") + " At all",
        "Sorry. " + say("Nothing was changed."),
        joined(" ", (say("Nothing was changed."), "", None, say("Try again."))),
        some([say("Nothing was changed."), "numpy", "pandas"], 2),
    ],
)
def test_what_is_put_together_of_sentences_is_translated_in_parts(text: str) -> None:
    told = parts_of({"text": text})["text"]
    assert "Nothing was changed." in json.dumps(told)
    assert sentence_of(told) == text


def test_texts_without_a_sentence_are_not_translated() -> None:
    assert parts_of({"text": joined(", ", ("numpy", "pandas")), "more": None, "list": ["a"]}) == {}


def test_a_list_has_its_items() -> None:
    advice = Advice("code", "info", listing("These are ignored: {items}.", ("a", "b")))
    assert advice.items == ("a", "b")
    one = listing_n("{items} is ignored.", "{items} are ignored.", ("a",))
    assert one == "a is ignored."


def test_credentials_in_parameters_are_removed() -> None:
    told = redact(say("{inner} cannot be reached.", inner=say("The channel {url}", url="https://ada:pw@x.org/t/tok/c")))
    assert "pw" not in json.dumps(parts_of({"text": told}))
    assert "tok" not in json.dumps(parts_of({"text": told}))
    assert told == "The channel https://x.org/t/<TOKEN>/c cannot be reached."


def test_an_error_keeps_its_sentences_between_processes() -> None:
    request = {"kind": "install", "environment": "x", "specs": ["a"]}
    error = NotFound(
        say("There is no such job."),
        say("{count} lines", count=3),
        say("Try again."),
        [{"label": say("Install {name}", name="a"), "plan_request": request}],
    )
    again = from_json(json.loads(json.dumps(error.to_json())))
    assert again.to_json() == error.to_json()
    assert error.to_json()["sentences"].keys() == {"message", "hint", "details"}
    assert error.to_json()["alternatives"][0]["sentences"].keys() == {"label"}


def test_errors_of_earlier_versions_have_no_sentences() -> None:
    body: dict[str, str | None] = {"reason": "not-found", "message": "No job.", "hint": None, "details": None}
    assert from_json(body).to_json()["sentences"] == {}


def test_a_stored_model_keeps_its_sentences() -> None:
    advice = Advice("code", "info", say("“{name}” is ignored.", name="a"))
    again = serde.loads(serde.dumps(advice), Advice)
    assert again == advice
    assert again.sentences == advice.sentences
    assert isinstance(again.sentence("message"), Sentence)


def test_a_changed_text_loses_its_sentence() -> None:
    advice = Advice("code", "info", say("“{name}” is ignored.", name="a"))
    assert replace(advice, severity="error").sentences == advice.sentences
    assert replace(advice, message="Another one.").sentences == {}
    assert replace(advice, message=say("Try again.")).sentences["message"]["template"] == "Try again."


def test_models_of_earlier_versions_have_no_sentences() -> None:
    body: dict[str, object] = {"code": "code", "severity": "info", "message": "Ignored."}
    assert serde.convert(body, Advice).sentences == {}
