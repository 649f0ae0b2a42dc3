"""Channels on one host that each need another password or token: all are used, and no credential is kept anywhere."""

from __future__ import annotations

import base64
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..conda.http_channel import HttpChannel
from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON

SECRETS = ("s3cret-of-main", "s3cret-of-team", "tk-s3cret")
CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON, "packages": ["tool", "extra"]}


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def served(tensorflow_channel: TinyChannel, tmp_path: Path) -> Iterator[HttpChannel]:
    root = tmp_path / "served"
    shutil.copytree(tensorflow_channel.root, root / "main")
    for folder, name in (("team", "tool"), ("team/inner", "extra")):
        channel = TinyChannel(root / folder)
        channel.add(name, "1.0", noarch="generic", files={f"share/{name}.txt": name})
        channel.index()
    server = HttpChannel(root)
    server.logins = {
        "/main/": _basic("me", SECRETS[0]),
        "/team/inner/": "never",
        "/team/": _basic("team", SECRETS[1]),
    }
    server.up()
    yield server
    server.down()


@pytest.fixture
def jp_server_config(served: HttpChannel) -> dict[str, Any]:
    site = served.url.removeprefix("http://")
    channels = [
        f"http://me:{SECRETS[0]}@{site}/main",
        f"http://team:{SECRETS[1]}@{site}/team",
        # Its server accepts only the token.
        f"http://{site}/t/{SECRETS[2]}/team/inner",
    ]
    return {
        "ServerApp": {"jpserver_extensions": {"tfenv_lab": True}},
        "TfenvLab": {"channels": channels, "check_after_change": False},
    }


async def test_each_channel_gets_its_own_credentials_and_none_is_kept(
    api: Api, served: HttpChannel, caplog: pytest.LogCaptureFixture, clean_home: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    job = await api.apply(**CREATE)
    assert job["state"] == "succeeded", job
    prefix = clean_home / ".conda/envs/tf"
    assert (prefix / "share/tool.txt").read_text() == "tool"
    assert (prefix / "share/extra.txt").read_text() == "extra"
    # The packages were downloaded with the same credentials as the channel data.
    used = {(path.rpartition("/")[0], login) for path, login in served.requests if path.endswith(".conda")}
    assert {each for each in used if "/noarch" in each[0] and "/main/" not in each[0]} == {
        ("/team/noarch", _basic("team", SECRETS[1])),
        (f"/t/{SECRETS[2]}/team/inner/noarch", None),
    }
    answers = [job, *[(await api.call("GET", path))[1] for path in ("status", "environments", "jobs")]]
    answers.append((await api.call("GET", f"jobs/{job['id']}/log"))[1])
    for secret in SECRETS:
        assert secret not in str(answers)
        assert secret not in caplog.text
        for path in clean_home.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path


async def test_a_wrong_password_of_one_channel_is_named_without_it(api: Api, served: HttpChannel) -> None:
    served.logins["/team/"] = _basic("team", "another")
    status, answer = await api.call("POST", "plans", CREATE)
    assert (status, answer["reason"]) == (502, "channel-unreachable")
    assert f"{served.url}/team" in answer["message"]
    assert not any(secret in str(answer) for secret in SECRETS)
