"""Compare settings with those that a real conda reads from the same files and variables.

The tests are skipped without a conda. ``TFENV_CONDA`` names one that is not on PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tfenv_lab.conda.settings import condarc
from tfenv_lab.conda.settings.condarc import CondaSettings

#: Looked up here because a test's clean home directory hides the variables.
CONDA = os.environ.get("TFENV_CONDA") or os.environ.get("CONDA_EXE") or shutil.which("conda")
PATH = os.environ["PATH"]

pytestmark = pytest.mark.skipif(CONDA is None, reason="there is no conda here (TFENV_CONDA names one)")


@pytest.mark.parametrize(
    ("files", "variables"),
    [
        ({".condarc": "channels: [foo, foo/label/dev, https://h.org/chan/linux-64, /srv/chan, local]"}, {}),
        ({".condarc": "channel_alias: https://my.org/t/tk-1/conda\nchannels: [foo, https://my.org/conda/bar]"}, {}),
        ({".condarc": "channel_alias: https://me:pw@my.org/conda\nchannels: [foo, https://my.org/conda/bar]"}, {}),
        ({".condarc": 'channel_alias: https://${O}/conda\nchannels: [$CH, "s3://${O}/x"]'}, {"O": "o.io", "CH": "c"}),
        (
            {
                ".condarc": """{"channels": ["mine/label/x", "team", "pkgs/main"], "custom_channels": {
                "mine": "https://h.org/t/tk-2/x", "team": "file:///srv/chan", "pkgs/main": "https://mirror.org"}}"""
            },
            {},
        ),
        (
            {
                ".condarc": """{"channels": ["team", "defaults", "main"], "custom_multichannels": {
                "team": ["https://h.org/t/tk-3/a", "b", "/srv/c"], "defaults": ["https://mirror.org/main"]}}"""
            },
            {},
        ),
        ({".condarc": "default_channels: [https://m.org/pkgs/main, extra]\nchannels: [defaults, conda-forge]"}, {}),
        ({}, {"CONDA_DEFAULT_CHANNELS": "https://a.org/x,https://b.org/y", "CONDA_CHANNELS": " defaults,,b!important"}),
        (
            {
                ".condarc": """{"channels": ["https://h.org/t/t1/a/b", "https://u:p%40q@h.org/a/t/t2/c",
                "https://h.org/conda/t/t3/d", "https://conda.anaconda.org/t/t4/foo"]}"""
            },
            {},
        ),
        ({".condarc": "channels: [local, a]\ncroot: ~/mine", "mine/noarch/x": "", "conda-bld/noarch/x": ""}, {}),
        (
            {
                ".condarc": "channels:\n  - a\n  - b #!bottom\n  - c #!top\n",
                ".config/conda/.condarc": "channels:\n  - x #!bottom\n  - y #!top\n  - z\n",
            },
            {},
        ),
        ({".condarc": "channels: [a]", ".config/conda/.condarc": "channels: #!final\n  - x\n  - y #!top\n"}, {}),
        (
            {
                ".conda/condarc.d/10.yml": "channels: [d]",
                ".conda/condarc": "channels: [dot]",
                ".config/conda/.condarc": "channels: [config]",
                "xdg/conda/condarc": "channels: [xdg]",
                "env/.condarc": "channels: [prefix]",
                ".condarc": "channels: [home, ~]",
                "extra/b.yml": "channels: [b]",
                "extra/a.yaml": "channels: [a]",
                "extra/c.txt": "channels: [c]",
            },
            {"XDG_CONFIG_HOME": "{home}/xdg", "CONDA_PREFIX": "{home}/env", "CONDARC": "~/extra"},
        ),
        ({"extra.conf": "channels: [other-ending]", ".condarc": "channels: [home]"}, {"CONDARC": "$HOME/extra.conf"}),
        ({".condarc": "envs_dirs: ['~/one', '$HOME/two', '${X}/three', rel, '%HOME%/x', '$NOPE/y']"}, {"X": "/srv"}),
        ({".condarc": "envs_dirs: ['~/one']"}, {"CONDA_ENVS_DIRS": " /a b : /c :"}),
        ({".condarc": "envs_path: ['~/Umgebungen ä']"}, {"CONDA_ENVS_PATH": "/p1:/p2"}),
        ({".condarc": "pkgs_dirs: ['~/p1', '$HOME/p2']"}, {"CONDA_PKGS_DIRS": "/a, /b:/c"}),
        ({".condarc": "root_prefix: ~/root"}, {}),
        ({".condarc": "channel_priority: true\noffline: yes\nverify_ssl: no"}, {}),
        ({".condarc": "offline: true"}, {"CONDA_CHANNEL_PRIORITY": "strict", "CONDA_OFFLINE": ""}),
        ({".condarc": "offline: false\nssl_verify: truststore"}, {"CONDA_OFFLINE": "1"}),
        ({".condarc": "ssl_verify: ca.pem", "ca.pem": ""}, {}),
        (
            {
                ".condarc": """{"proxy_servers": {"http": "http://$U:$P@px.org:1", "https": null,
                "https://h.org": "http://other:1", "all": "http://all:1"}}""",
                ".config/conda/.condarc": "proxy_servers: {https: http://b:1, ftp: http://c:1}",
            },
            {"U": "me", "P": "pw"},
        ),
    ],
    ids=lambda value: next(iter(value.values()), "")[:60] if isinstance(value, dict) else None,
)  # fmt: skip
def test_settings_equal_those_of_conda(
    files: dict[str, str], variables: dict[str, str], clean_home: Path, monkeypatch: Any
) -> None:
    for name, text in files.items():
        path = clean_home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(clean_home)
    added = {name: text.replace("{home}", str(clean_home)) for name, text in variables.items()}
    env = {"HOME": str(clean_home), "PATH": PATH, **added}
    urls = _asked(env, "info")["channels"]
    theirs = _asked(env, "config", "--show")
    ours = condarc.load({**env, "CONDA_EXE": str(CONDA)}, clean_home)

    # Without a configured channel, conda uses none or its own defaults, but we use conda-forge.
    if theirs["channels"] and theirs["channels"] != ["defaults"]:
        expected = [url.rpartition("/")[0] for url in urls if url.endswith("/noarch")]
        assert [_opened(ref.url, ours) for ref in ours.channels] == expected
    assert [str(path) for path in ours.envs_dirs] == theirs["envs_dirs"]
    assert [str(path) for path in ours.pkgs_dirs] == theirs["pkgs_dirs"]
    assert str(ours.root_prefix) == theirs["root_prefix"]
    assert (ours.channel_priority, ours.offline, ours.ssl_verify) == (
        theirs["channel_priority"], theirs["offline"], theirs["ssl_verify"],
    )  # fmt: skip
    assert ours.proxy_servers == {name: url or "" for name, url in theirs["proxy_servers"].items()}


def _asked(env: dict[str, str], *arguments: str) -> Any:
    command = [str(CONDA), *arguments, "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _opened(url: str, settings: CondaSettings) -> str:
    """Return the URL with the credentials that our network code would use, in conda's form."""
    known = settings.rules.credentials
    found = [base for base in known if f"{url}/".startswith(f"{base}/")]
    credential = known[max(found, key=len)] if found else None
    if credential is not None and credential.token is not None:
        root = credential.root or "{0.scheme}://{0.netloc}".format(urlsplit(url))
        url = f"{root}/t/<TOKEN>{url.removeprefix(root)}"
    if credential is not None and credential.user is not None:
        password = (credential.password or "").replace("@", "%40")
        url = url.replace("://", f"://{credential.user}:{password}@", 1)
    return url
