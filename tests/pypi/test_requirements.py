"""Test how requirements are written."""

from __future__ import annotations

import pytest

from tfenv_lab.errors import InvalidSpec
from tfenv_lab.pypi import requirements


@pytest.mark.parametrize(
    ("specifier", "simple"),
    [
        ("", ""),
        (">=5.28.0,!=4.24.0,>=3.19.6", ">=5.28.0"),
        ("<8,>=1.26,<2.2,>=1.23.5", ">=1.26,<2.2"),
        (">=1,>1", ">1"),
        ("<=2,<2", "<2"),
        (">=2,!=2.1.*,!=1.5.*,!=3.1,<3", ">=2,<3,!=2.1.*"),
        (">=4.21,!=4.21.1,!=4.20.9", ">=4.21,!=4.21.1"),
        ("!=1.0", "!=1.0"),
        ("==2.20.*,>=2.1", ">=2.1,==2.20.*"),
        ("~=1.4,>=1.2", ">=1.2,~=1.4"),
        (">=1!2.0,!=5.0", ">=1!2.0"),
        ("<1!2.0,!=5.0", "<1!2.0,!=5.0"),
        # Specs of conda stay as they are.
        ("1.2|1.4", "1.2|1.4"),
        (">=1,1.5.*", ">=1,1.5.*"),
    ],
)
def test_a_simple_specifier_has_no_part_that_others_make_unnecessary(specifier: str, simple: str) -> None:
    assert requirements.simplest(specifier) == simple


@pytest.mark.parametrize(
    "url", ["https://[a/x.whl", "https://ada:s3c/ret@a/x.whl", "git+https://a:port/x", "https:///x.whl"]
)
def test_a_url_that_is_not_one_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        requirements.parse(f"pypi:greet @ {url}")
    assert refused.value.message == "The URL of “greet” is not valid."
    assert "s3c" not in str(refused.value.to_json())


@pytest.mark.parametrize(
    "url", ["https://a/x.whl", "file:///a/x.whl", "git+ssh://git@a/x.git@abc", "git+file:///x", "./x.whl"]
)
def test_another_url_is_kept(url: str) -> None:
    assert requirements.parse(f"greet @ {url}") == f"greet @ {url}"
