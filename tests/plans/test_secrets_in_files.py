"""Credentials in an imported file are in no answer, log or file of ours."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api

SECRET = "s3cr3tT0ken"
_LOCK = """version: 6
environments:
  default:
    channels:
    - url: https://user:{0}@127.0.0.1:9/c
    packages:
      linux-64:
      - conda: https://user:{0}@127.0.0.1:9/c/noarch/a-1-0.conda
packages:
- conda: https://user:{0}@127.0.0.1:9/c/noarch/a-1-0.conda
  sha256: 0000000000000000000000000000000000000000000000000000000000000000
  depends: []
"""
_CONDA_LOCK = """version: 1
metadata:
  channels: [{{url: "https://user:{0}@127.0.0.1:9/c", used_env_vars: []}}]
  platforms: [linux-64]
package:
- name: a
  version: "1"
  manager: conda
  platform: linux-64
  dependencies: {{}}
  url: https://user:{0}@127.0.0.1:9/c/noarch/a-1-0.conda
  hash: {{md5: 00000000000000000000000000000000}}
"""

FILES = {
    "a channel": "channels:\n- https://user:{0}@127.0.0.1:9/c\ndependencies: [a]\n",
    "a channel with a token": "channels:\n- https://127.0.0.1:9/t/{0}/c\ndependencies: [a]\n",
    "a user as the secret": "channels:\n- https://{0}@127.0.0.1:9/c\ndependencies: [a]\n",
    "the channel of a spec": "dependencies:\n- https://user:{0}@127.0.0.1:9/c::a\n",
    "a spec that is a URL": "dependencies:\n- https://user:{0}@127.0.0.1:9/c/noarch/a-1-0.conda\n",
    "an explicit list": "@EXPLICIT\nhttps://user:{0}@127.0.0.1:9/c/noarch/a-1-0.conda\n",
    "an explicit list with a token": "@EXPLICIT\nhttps://127.0.0.1:9/t/{0}/c/noarch/a-1-0.conda\n",
    "an index": "dependencies:\n- python\n- pip:\n  - --index-url https://user:{0}@127.0.0.1:9/simple\n  - a\n",
    "an option": "dependencies:\n- python\n- pip:\n  - a --index-url=https://user:{0}@127.0.0.1:9/simple\n",
    "a wheel": "dependencies:\n- python\n- pip:\n  - a @ https://user:{0}@127.0.0.1:9/a-1-py3-none-any.whl\n",
    "a repository": "dependencies:\n- python\n- pip:\n  - git+https://{0}@127.0.0.1:9/a.git\n",
    "a named repository": "dependencies:\n- python\n- pip:\n  - a @ git+https://user:{0}@127.0.0.1:9/a.git\n",
    "requirements.txt": "--extra-index-url https://user:{0}@127.0.0.1:9/simple\na==1\n",
    "pixi.lock": _LOCK,
    "conda-lock": _CONDA_LOCK,
    "a Dockerfile": "RUN pip install --index-url https://user:{0}@127.0.0.1:9/simple a\n",
    "pixi.toml": '[workspace]\nchannels = ["https://user:{0}@127.0.0.1:9/c"]\nplatforms = ["linux-64"]\n'
    '[dependencies]\na = "*"\n',
    "pyproject.toml": '[project]\nname = "p"\nversion = "1"\ndependencies = ["a"]\n'
    '[[tool.uv.index]]\nname = "own"\nurl = "https://user:{0}@127.0.0.1:9/simple"\n',
    "pylock.toml": 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1"\n'
    'wheels = [{{name = "a-1-py3-none-any.whl", url = "https://user:{0}@127.0.0.1:9/a-1-py3-none-any.whl", '
    'hashes = {{sha256 = "0000000000000000000000000000000000000000000000000000000000000000"}}}}]\n',
    "a repository over SSH": "dependencies:\n- python\n- pip:\n  - git+ssh://user:{0}@127.0.0.1:9/a.git\n",
    "a proxy": "dependencies:\n- python\n- pip:\n  - --proxy http://user:{0}@127.0.0.1:9\n  - a\n",
    "capital letters": "channels:\n- HTTPS://user:{0}@127.0.0.1:9/c\ndependencies: [a]\n",
    "a comment": "# conda env create from https://user:{0}@127.0.0.1:9/c\ndependencies: [a]\n",
    "a broken file": "channels: [https://user:{0}@127.0.0.1:9/c\ndependencies: [a]\n",
}


async def test_the_plan_says_that_they_are_not_used(api: Api) -> None:
    content = "dependencies:\n- python\n- pip:\n  - --index-url https://user:pass@127.0.0.1:9/simple\n  - pip\n"
    plan = await api.plan(kind="import", name="new", content=content)
    assert "neither used nor stored" in str(plan["warnings"])
    plan = await api.plan(kind="import", name="new", content=content.replace("user:pass@", ""))
    assert "neither used nor stored" not in str(plan["warnings"])


@pytest.mark.parametrize(
    "spec", ["https://u:{0}@127.0.0.1:9/c::a", "pypi:a @ https://u:{0}@127.0.0.1:9/a-1-py3-none-any.whl"]
)
async def test_those_in_a_spec_are_kept_nowhere_either(api: Api, made: Any, spec: str) -> None:
    request = {"kind": "install", "environment": made["id"], "specs": [spec.format(SECRET)]}
    _, answer = await api.call("POST", "plans", request)
    assert SECRET not in str(answer)


@pytest.mark.parametrize("builds", ["exact", "names"])
@pytest.mark.parametrize("name", FILES)
async def test_they_are_kept_nowhere(api: Api, name: str, builds: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    content = FILES[name].format(SECRET)
    request = {"kind": "import", "name": "new", "content": content, "builds": builds}
    status, answer = await api.call("POST", "plans", request)
    assert status < 500 or answer["reason"] in ("channel-unreachable", "index-unreachable"), answer
    assert SECRET not in str(answer)
    if status == 201:
        await api.call("POST", "jobs", {"plan": answer["id"]})
        _, job = await api.call("GET", "jobs")
        job = await api.finished(job["jobs"][0]["id"])
        assert SECRET not in str(job)
        _, log = await api.call("GET", f"jobs/{job['id']}/log")
        assert SECRET not in log
    assert SECRET not in caplog.text
    for path in Path.home().rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
