from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tfenv_lab.variants import python_of, variant_of


@pytest.mark.parametrize(
    ("build", "depends", "variant"),
    [
        ("cpu_py311h6ac8430_0", [], "cpu"),
        ("cuda126py312h5379a72_200", [], "cuda12.6"),
        ("cuda118py311heb1bdc4_0", [], "cuda11.8"),
        ("cuda112py39h01bd6f0_0", [], "cuda11.2"),
        ("cuda92py37h0_0", [], "cuda9.2"),
        ("cuda12", [], "cuda12"),
        ("cuda11", [], "cuda11"),
        ("cuda1210py313h0_0", [], "cuda12.10"),
        ("py39hf3d152e_0", [], "cpu"),
        ("mkl_py39h4683426_0", [], "cpu"),
        ("eigen_py39h17f23ec_0", [], "cpu"),
        ("gpu_py39h8236f22_0", ["_tflow_select 2.1.0 gpu", "cudatoolkit 10.1.*"], "cuda10.1"),
        ("gpu_py310h0_0", ["cuda-version >=11.8,<12"], "cuda11.8"),
        ("gpu_py39h8236f22_0", [], "cuda"),
        ("0", [], "cpu"),
        ("", [], "cpu"),
    ],
)
def test_variant_of(build: str, depends: list[str], variant: str) -> None:
    assert variant_of(build, depends) == variant


@pytest.mark.parametrize(
    ("build", "depends", "python"),
    [
        ("cpu_py311hae6871b_5", ["python", "python_abi 3.11.* *_cp311"], "3.11"),
        ("odd_0", ["python >=3.12,<3.13.0a0"], "3.12"),
        ("odd_0", ["python 3.10.*"], "3.10"),
        ("cpu_py311h6ac8430_0", ["python"], "3.11"),
        ("py38h578d9bd_0", [], "3.8"),
        ("py310_0", ["python"], "3.10"),
        ("odd_0", ["python >=3.10,<3.11.0a0"], "3.10"),
        ("odd_0", ["python ==3.11.4"], "3.11"),
        ("pyhd8ed1ab_0", ["python >=3.9"], None),
        ("pyhd8ed1ab_0", ["python >=3.9,<3.12"], None),
        ("pyhd8ed1ab_0", ["python <3.12"], None),
        ("pyhd8ed1ab_0", ["python 3.11.*|3.12.*"], None),
        ("0", ["python"], None),
        ("0", [], None),
    ],
)
def test_python_of(build: str, depends: list[str], python: str | None) -> None:
    assert python_of(build, depends) == python


def test_every_build_ever_seen(slice_dir: Path) -> None:
    """The table has the variant of each build; if the variant is open, the builds are CPU builds."""
    names = {"tensorflow", "tensorflow-base", "tensorflow-cpu", "tensorflow-gpu"}
    with (slice_dir / "builds.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["name"] in names]
    assert len(rows) > 250
    for row in rows:
        digits = row["variant"].removeprefix("cuda")
        expected = f"cuda{digits[:2]}.{digits[2:]}" if row["variant"].startswith("cuda") else "cpu"
        assert variant_of(row["build"]) == expected, row
        assert python_of(row["build"], []) == row["python"], row
