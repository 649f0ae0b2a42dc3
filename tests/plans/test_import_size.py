"""Files that list very many packages are refused before they take memory and time."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Api

MANY = [f"p{number}" for number in range(6_000)]
FILES = {
    "environment.yml": "dependencies:\n" + "".join(f"- {name}\n" for name in MANY),
    "in one line": f"dependencies: [{', '.join(MANY)}]\n",
    "pip": "dependencies:\n- pip:\n" + "".join(f"  - {name}\n" for name in MANY),
    "requirements.txt": "".join(f"{name}==1\n" for name in MANY),
    "explicit": "@EXPLICIT\n" + "".join(f"https://conda.anaconda.org/c/noarch/{name}-1-0.conda\n" for name in MANY),
    "conda list --export": "".join(f"{name}=1=0\n" for name in MANY),
    "pixi.toml": "[workspace]\nname = 'x'\nchannels = []\nplatforms = ['linux-64']\n[dependencies]\n"
    + "".join(f"{name} = '*'\n" for name in MANY),
}


@pytest.mark.parametrize("name", FILES)
async def test_a_file_of_thousands_of_packages_is_refused(api: Api, name: str) -> None:
    request = {"kind": "import", "name": "new", "content": FILES[name]}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (400, "invalid-request"), error
    assert "packages. At most 5,000 can be imported at once." in error["message"]


@pytest.mark.parametrize(
    "content",
    [
        "dependencies:\n" + "- a\n" * 310_000,
        f"dependencies: [{'a, ' * 310_000}]",
        "dependencies:\n" + "- {a: b}\n" * 110_000,
        "dependencies:\n- pip:\n" + "  - a\n" * 310_000,
    ],
    ids=["a list", "one line", "mappings", "pip"],
)
async def test_a_file_of_hundreds_of_thousands_of_values_is_refused(api: Api, content: str) -> None:
    request: dict[str, Any] = {"kind": "import", "name": "new", "content": content}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (400, "invalid-request"), error
    assert error["message"] == "The file has more than 300,000 values, the limit for one to import."
