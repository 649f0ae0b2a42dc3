"""Test reading an environment's files: packages, requested specs, interpreter, fingerprint."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prefixes import add_dist_info, add_python, add_record, later, make_prefix
from tfenv_lab.conda.prefix import state as conda_prefix
from tfenv_lab.conda.prefix.pypi import site_packages
from tfenv_lab.conda.prefix.records import PackageStem, package_names, records
from tfenv_lab.conda.prefix.state import fingerprint, requested_specs
from tfenv_lab.errors import InvalidRequest

SITE = "lib/python3.11/site-packages"


class TestPackageNames:
    def test_names_versions_and_builds_come_from_file_names(self, tmp_path: Path) -> None:
        prefix = make_prefix(
            tmp_path / "env", ["tensorflow-2.19.1-cpu_py311h6ac8430_0", "ca-certificates-2025.1.31-hbcca054_0"]
        )
        assert package_names(prefix) == [
            PackageStem("ca-certificates", "2025.1.31", "hbcca054_0"),
            PackageStem("tensorflow", "2.19.1", "cpu_py311h6ac8430_0"),
        ]

    def test_other_files_are_not_packages(self, tmp_path: Path) -> None:
        prefix = make_prefix(tmp_path / "env", ["zlib-1.3-0"])
        for name in ("history", "pinned", "state", "notes.json", "zlib-1.3-0.json.bak"):
            (prefix / "conda-meta" / name).write_text("{}")
        (prefix / "conda-meta" / "tfenv_lab").mkdir()
        assert [stem.name for stem in package_names(prefix)] == ["zlib"]

    def test_they_are_read_without_the_conda_engine(self, tmp_path: Path) -> None:
        make_prefix(tmp_path / "env", ["zlib-1.3-0"], python="3.11.9")
        code = (
            "import sys; from pathlib import Path; x = Path(sys.argv[1]);"
            "from tfenv_lab.conda.prefix import pypi, records, state;"
            "records.package_names(x), state.fingerprint(x), pypi.pypi_packages(x), state.requested_specs(x);"
            "sys.exit('rattler' in sys.modules)"
        )
        root = Path(conda_prefix.__file__).parents[3]
        assert subprocess.run([sys.executable, "-c", code, tmp_path / "env"], cwd=root, check=False).returncode == 0


class TestRecords:
    def test_they_hold_what_conda_wrote(self, tmp_path: Path) -> None:
        prefix = make_prefix(tmp_path / "env", ["zlib-1.3-0", "python-3.11.9-h1_0_cpython"])
        found = {record.name.normalized: record for record in records(prefix)}
        assert set(found) == {"python", "zlib"}
        assert str(found["python"].version) == "3.11.9"

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "x"}'])
    def test_a_damaged_one_is_named(self, content: str, tmp_path: Path) -> None:
        prefix = make_prefix(tmp_path / "env", ["zlib-1.3-0"])
        damaged = prefix / "conda-meta" / "broken-1-0.json"
        damaged.write_text(content)
        with pytest.raises(InvalidRequest, match=r"broken-1-0\.json"):
            records(prefix)


class TestFingerprint:
    def rewrite(self, prefix: Path) -> None:
        later(add_record(prefix, "zlib-1.3-0"))

    CHANGES: tuple[tuple[str, Callable[[Path], object]], ...] = (
        ("a record added", lambda prefix: add_record(prefix, "new-1-0")),
        ("a record removed", lambda prefix: (prefix / "conda-meta" / "zlib-1.3-0.json").unlink()),
        ("a record rewritten", lambda prefix: later(add_record(prefix, "zlib-1.3-0"))),
        ("a record rewritten, same time", lambda prefix: add_record(prefix, "zlib-1.3-0", license="MIT")),
        ("a pip package added", lambda prefix: add_dist_info(prefix / SITE, "six", "1")),
        (
            "a pip package removed",
            lambda prefix: (prefix / SITE / "rich-1.dist-info").rename(prefix / SITE / "gone"),
        ),
        ("a pin", lambda prefix: (prefix / "conda-meta" / "pinned").write_text("zlib 1.3")),
        ("a variable", lambda prefix: (prefix / "conda-meta" / "state").write_text("{}")),
    )

    @pytest.fixture
    def prefix(self, tmp_path: Path) -> Path:
        made = make_prefix(tmp_path / "env", ["zlib-1.3-0"], python="3.11.9")
        add_dist_info(made / "lib/python3.11/site-packages", "rich", "1")
        return made

    @pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
    def test_the_fingerprint_changes_with_a_package(self, change: Callable[[Path], object], prefix: Path) -> None:
        before = fingerprint(prefix)
        change(prefix)
        assert fingerprint(prefix) != before

    def test_it_stays_when_code_is_run_or_notebooks_are_saved(self, prefix: Path) -> None:
        before = fingerprint(prefix)
        (prefix / "lib/python3.11/site-packages/__pycache__").mkdir()
        (prefix / "notebook.ipynb").write_text("{}")
        (prefix / "conda-meta" / "tfenv_lab").mkdir()
        assert fingerprint(prefix) == before

    def test_a_missing_prefix_has_one_too(self, tmp_path: Path) -> None:
        assert fingerprint(tmp_path / "none") == fingerprint(tmp_path / "none either")


class TestSitePackages:
    @pytest.mark.parametrize("folder", ["python3.11", "python3.13t"])
    def test_it_is_found(self, folder: str, tmp_path: Path) -> None:
        wanted = tmp_path / "env" / "lib" / folder / "site-packages"
        wanted.mkdir(parents=True)
        assert site_packages(tmp_path / "env") == wanted
        assert site_packages(tmp_path / "env", folder.removeprefix("python").rstrip("t") + ".2") == wanted

    def test_an_environment_without_python_has_none(self, tmp_path: Path) -> None:
        assert site_packages(make_prefix(tmp_path / "env", ["r-base-4.4.1-0"])) is None

    def test_of_several_directories_the_installed_pythons_is_used(self, tmp_path: Path) -> None:
        add_python(tmp_path / "env", "3.12.1")
        (tmp_path / "env/lib/python3.10/site-packages").mkdir(parents=True)
        assert site_packages(tmp_path / "env", "3.12.1") == tmp_path / "env/lib/python3.12/site-packages"


class TestRequestedSpecs:
    HISTORY = """\
==> 2025-01-01 10:00:00 <==
# cmd: /opt/conda/bin/conda create -n x python=3.11 numpy
# conda version: 25.1.0
+conda-forge/linux-64::numpy-1.26.0-py311_0
# update specs: ['python=3.11', 'numpy']
==> 2025-01-02 10:00:00 <==
# cmd: conda install conda-forge::pandas
# update specs: ["conda-forge::pandas[version='>=2']", 'scipy']
==> 2025-01-03 10:00:00 <==
# cmd: conda remove scipy
# remove specs: ['scipy']
==> 2025-01-04 10:00:00 <==
# cmd: conda install numpy
# neutered specs: ["numpy[version='>=1,<2.0a0']"]
==> 2025-01-05 10:00:00 <==
# update specs: ['ignored']
"""

    def installed(self, tmp_path: Path, history: str | None, **requested: str) -> Path:
        prefix = make_prefix(tmp_path / "env", history=history)
        for name in ("python", "numpy", "pandas", "scipy", "ignored", "jupyter"):
            add_record(prefix, f"{name}-1-0", requested_spec=requested.get(name, "None"))
        return prefix

    def test_later_requests_override_and_removals_forget(self, tmp_path: Path) -> None:
        assert requested_specs(self.installed(tmp_path, self.HISTORY)) == {
            "numpy": "numpy[version='>=1,<2.0a0']",
            "pandas": "conda-forge::pandas[version='>=2']",
            "python": "python=3.11",
        }

    def test_what_is_no_longer_installed_is_not_requested(self, tmp_path: Path) -> None:
        prefix = self.installed(tmp_path, self.HISTORY)
        (prefix / "conda-meta" / "pandas-1-0.json").unlink()
        assert set(requested_specs(prefix)) == {"python", "numpy"}

    def test_the_old_list_without_brackets(self, tmp_path: Path) -> None:
        history = (
            "==> 2017-01-01 10:00:00 <==\n# cmd: conda create\n"
            "# install specs: python >=3.5.1,<4,jupyter >=1.0.0,<2.0,numpy\n"
        )
        assert requested_specs(self.installed(tmp_path, history)) == {
            "python": "python >=3.5.1,<4",
            "jupyter": "jupyter >=1.0.0,<2.0",
            "numpy": "numpy",
        }

    @pytest.mark.parametrize("history", [None, "", "not a history\n"])
    def test_records_say_it_where_there_is_no_history(self, history: str | None, tmp_path: Path) -> None:
        prefix = self.installed(tmp_path, history, numpy="numpy >=1", pandas="None")
        add_record(prefix, "tqdm-4-0", requested_specs=["tqdm ==4"], requested_spec=None)
        assert requested_specs(prefix) == {"numpy": "numpy >=1", "tqdm": "tqdm ==4"}

    @pytest.mark.parametrize(
        "line", ["# update specs: ['unclosed", "# update specs: [f(1)]", "# update specs:", "# update specs: [1, None]"]
    )
    def test_a_damaged_line_is_passed_over(self, line: str, tmp_path: Path) -> None:
        history = (
            self.HISTORY.partition("==> 2025-01-02")[0] + "==> 2025-02-01 10:00:00 <==\n# cmd: conda\n" + line + "\n"
        )
        assert {"python", "numpy"} <= set(requested_specs(self.installed(tmp_path, history)))

    @pytest.mark.parametrize(
        ("spec", "name"),
        [
            ("numpy", "numpy"),
            ("numpy>=1", "numpy"),
            ("NumPy 1.*", "numpy"),
            ("conda-forge/linux-64::numpy==1=0", "numpy"),
            ("python_abi[version='3.11.*']", "python_abi"),
            ("https://host/conda-forge/noarch/my-tool-1.0-py_0.conda", "my-tool"),
            ("/home/u/my-tool-1.0-py_0.tar.bz2", "my-tool"),
            ("my-tool-1.0-py_0.conda#0123", "my-tool"),
            ("C:\\Users\\u\\my-tool-1.0-py_0.conda", "my-tool"),
            ("file:///home/u/my-tool-1.0-py_0.conda?x=1", "my-tool"),
            ("six @ https://host/six-1.0-0.conda", "six"),
            ("six[url=https://host/other-1.0-0.conda]", "six"),
            ("*", None),
            ("", None),
            ("[", None),
            ("é", None),
        ],
    )
    def test_the_name_in_a_spec(self, spec: str, name: str | None) -> None:
        from tfenv_lab.conda.prefix.history import name_of

        assert name_of(spec) == name
