"""Test that what the modules of the package log appears in Jupyter's own log, which has levels and times."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api


@pytest.fixture
def condarc(clean_home: Path) -> str:
    """Return the text of condarc; a test may override it."""
    return ""


@pytest.fixture
def jp_server_config(clean_home: Path, condarc: str) -> dict[str, Any]:
    (clean_home / ".condarc").write_text(condarc)
    return {"ServerApp": {"jpserver_extensions": {"tfenv_lab": True}}}


@pytest.fixture
def server(jp_serverapp: Any, jp_fetch: Any) -> Api:
    return Api(jp_fetch, None)


@pytest.mark.parametrize(
    ("condarc", "said"),
    [
        ("ssl_verify: [1]\n", "ssl_verify"),
        ("proxy_servers:\n  https: http://me:secret@not a host\n", "The proxy for https in proxy_servers"),
        ("add_pip_as_python_dependency: false\n", "add_pip_as_python_dependency"),
        ("channels: [\n", ".condarc is ignored"),
    ],
)
async def test_the_status_has_what_is_ignored_of_condarc(server: Api, condarc: str, said: str) -> None:
    status, found = await server.call("GET", "status")
    assert status == 200
    [message] = [each["message"] for each in found["warnings"] if said in each["message"]]
    assert "secret" not in message


@pytest.mark.parametrize("name", ["tfenv_lab.conda.settings.files", "tfenv_lab.kernels.kernelspecs", "tfenv_lab.disk"])
async def test_a_module_logs_as_the_server_does(server: Api, jp_serverapp: Any, name: str) -> None:
    records: list[logging.LogRecord] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Kept()
    # The handlers of the server's log write the level and the time.
    jp_serverapp.log.addHandler(handler)
    try:
        logging.getLogger(name).warning("A sentence.")
    finally:
        jp_serverapp.log.removeHandler(handler)
    assert [(each.levelname, each.name, each.getMessage()) for each in records] == [("WARNING", name, "A sentence.")]


async def test_the_log_is_left_when_the_extension_stops(jp_serverapp: Any) -> None:
    [point] = [e for name, e in jp_serverapp.extension_manager.extension_points.items() if name == "tfenv_lab"]
    assert logging.getLogger("tfenv_lab").parent is jp_serverapp.log
    await point.app.stop_extension()
    assert logging.getLogger("tfenv_lab").parent is logging.root
