"""A server whose configuration is not valid refuses every call, or warns, and no restriction gets weaker."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.app import TfenvExtension

from .conftest import Api
from .prefixes import make_prefix

#: Configuration of a test's server, and every call of the contract with any body.
PROTECTED = """
c.TfenvLab.protected_environments = ["k1"]
c.TfenvLab.allowed_channels = ["conda-forge"]
c.TfenvLab.offline = True
"""
CALLS = [
    ("GET", "status", None),
    ("GET", "environments", None),
    ("GET", "environments/abc", None),
    ("DELETE", "environments/abc", None),
    ("GET", "tensorflow?prereleases=1", None),
    ("POST", "plans", {"kind": "create"}),
    ("POST", "plans", None),
    ("GET", "jobs", None),
    ("POST", "jobs", {"plan": "abc"}),
    ("DELETE", "jobs/abc", None),
    ("POST", "local-channel", None),
    ("DELETE", "local-channel", None),
    ("PUT", "environments/x/kernelspec", {}),
]


@pytest.fixture
def text() -> str:
    """Return the text of the server's configuration file; a test may override it."""
    return ""


@pytest.fixture
def jp_server_config(jp_config_dir: Path, jp_environ: None, text: str) -> dict[str, Any]:
    jp_config_dir.mkdir(parents=True, exist_ok=True)
    (jp_config_dir / "jupyter_server_config.py").write_text(text)
    return {"ServerApp": {"jpserver_extensions": {"tfenv_lab": True}}}


@pytest.fixture
def server(jp_serverapp: Any, jp_fetch: Any) -> Api:
    return Api(jp_fetch, None)


@pytest.mark.parametrize("text", [f"c.TfenvLab.max_running_jobs = 0\n{PROTECTED}"])
async def test_a_protected_environment_stays_protected_despite_a_bad_number_of_jobs(
    server: Api, clean_home: Path
) -> None:
    make_prefix(clean_home / ".conda/envs/k1")
    status, found = await server.call("GET", "status")
    assert status == 200
    assert [w["message"].split(".")[1] for w in found["warnings"]] == [
        "max_running_jobs must be a whole number of at least 1, not 0"
    ]
    environment = await server.environment("k1")
    status, error = await server.call("DELETE", f"environments/{environment['id']}")
    assert (status, error["reason"]) == (403, "protected")
    status, error = await server.call("POST", "plans", {"kind": "create", "name": "x", "packages": ["evil::numpy"]})
    assert (status, error["reason"]) == (403, "channel-not-allowed")


@pytest.mark.parametrize("text", [PROTECTED])
async def test_a_good_configuration_has_no_warnings(server: Api) -> None:
    assert (await server.call("GET", "status"))[1]["warnings"] == []


@pytest.mark.parametrize("text", [f"c.TfenvLab.channels = 'a, b'\n{PROTECTED}"])
async def test_every_call_is_refused(server: Api, jp_serverapp: Any) -> None:
    for method, path, body in CALLS:
        status, error = await server.call(method, path, body)
        assert (status, error["reason"]) == (503, "misconfigured"), path
        assert "TfenvLab.channels" in error["message"]
        assert "Correct Jupyter's configuration" in error["hint"]
    assert "tfenv_lab_services" not in jp_serverapp.web_app.settings


@pytest.mark.parametrize("text", ["c.TfenvLab.channels = 3"])
async def test_a_refusal_says_nothing_to_a_user_who_is_not_logged_in(jp_serverapp: Any, jp_fetch: Any) -> None:
    for method in ("GET", "DELETE"):
        api = Api(lambda *path, **fields: jp_fetch(*path, headers={"Authorization": ""}, **fields), None)
        status, error = await api.call(method, "environments/abc")
        assert status == 403
        assert "channels" not in str(error)


@pytest.mark.parametrize("text", ["c.TfenvLab.channels = 3"])
async def test_a_refusal_is_logged_and_the_server_still_stops(jp_serverapp: Any) -> None:
    [point] = [e for name, e in jp_serverapp.extension_manager.extension_points.items() if name == "tfenv_lab"]
    records: list[logging.LogRecord] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Kept()
    point.app.log.addHandler(handler)
    try:
        point.app.initialize()
    finally:
        point.app.log.removeHandler(handler)
    assert [(r.levelname, "TfenvLab.channels" in r.getMessage()) for r in records] == [("ERROR", True)]
    await point.start(jp_serverapp)
    await point.app.stop_extension()


@pytest.fixture(params=["initialize_settings", "initialize_handlers"])
def failing_start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make one step of the start raise an error."""

    def fails(app: TfenvExtension) -> None:
        raise OSError("no room")

    monkeypatch.setattr(TfenvExtension, request.param, fails)


async def test_a_start_that_fails_is_answered_too(failing_start: None, server: Api) -> None:
    for verb, path, body in CALLS:
        status, error = await server.call(verb, path, body)
        assert (status, error["reason"]) == (503, "not-started"), path
        assert "no room" in error["message"]


async def test_an_extension_that_was_not_linked_does_not_serve(jp_serverapp: Any) -> None:
    lab = TfenvExtension()
    lab.serverapp = jp_serverapp
    lab.initialize()
    assert "link" in str(lab.refusal)
