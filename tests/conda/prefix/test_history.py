"""Test conda's history with records from conda and from rattler."""

from __future__ import annotations

import json
from pathlib import Path

from tfenv_lab.conda.prefix import history, records

from ..conftest import Lab, run


def test_a_package_has_the_same_name_whether_conda_or_we_installed_it(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    path = lab.prefix / "conda-meta/lib-1.0-0.json"
    record = json.loads(path.read_text())
    ours = {history.dist_string(each) for each in records.records(lab.prefix)}
    # conda writes the channel of a record with its subdir.
    path.write_text(json.dumps({**record, "channel": f"{lab.channel.url}/linux-64"}))
    assert {history.dist_string(each) for each in records.records(lab.prefix)} == ours
    assert [each.channel for each in records.available(lab.prefix)][1:] == [lab.channel.url]
    run(lab.change("app 1.0", "tool", job="1job"))
    last = (lab.prefix / "conda-meta/history").read_text().rpartition("==>")[2]
    assert [line for line in last.splitlines() if line[:1] in "+-" and line[:1]] == [
        f"+{lab.channel.url}/noarch::tool-1.0-0"
    ]


def test_on_condas_own_host_the_channel_is_its_path(tmp_path: Path) -> None:
    assert records.channel_of("https://conda.anaconda.org/conda-forge/linux-64", "linux-64") == (
        "https://conda.anaconda.org/conda-forge"
    )
    assert records.channel_of("https://conda.anaconda.org/conda-forge/", "linux-64") == (
        "https://conda.anaconda.org/conda-forge"
    )
    assert records.channel_of(None, "noarch") == ""
