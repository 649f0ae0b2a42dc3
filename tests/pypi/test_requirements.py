"""Test how requirements are written."""

from __future__ import annotations

import pytest

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
