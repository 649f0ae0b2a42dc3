"""Test that kernel ids, metadata and display names follow nb_conda_kernels' rules exactly."""

from __future__ import annotations

import pytest

from tfenv_lab.kernels.naming import apart, clean, display_name, environment_names, kernel_id, language_of, metadata

BASE = "/opt/conda"


#: The prefixes that conda lists, its root prefix, our envs_dir; an environment, its kernelspec, and the expected id.
CASES: list[tuple[list[str], str | None, str | None, str, str, str]] = [
    # In the envs directory of the base environment.
    (["/opt/conda/envs/tf219"], BASE, None, "/opt/conda/envs/tf219", "python3", "conda-env-tf219-py"),
    ([], BASE, None, "/opt/conda", "python3", "conda-base-py"),
    (["/opt/conda", "/opt/conda/envs/x"], BASE, None, "/opt/conda", "python3", "conda-base-py"),
    # Other languages; only the names of Python's and R's kernels are shortened.
    (["/opt/conda/envs/x"], BASE, None, "/opt/conda/envs/x", "python2", "conda-env-x-py"),
    (["/opt/conda/envs/x"], BASE, None, "/opt/conda/envs/x", "ir", "conda-env-x-r"),
    (["/opt/conda/envs/x"], BASE, None, "/opt/conda/envs/x", "julia-1.10", "conda-env-x-julia-1.10"),
    ([], BASE, None, "/opt/conda", "ir", "conda-base-r"),
    (["/opt/conda/envs/x"], BASE, None, "/opt/conda/envs/x", "my kernel", "conda-env-x-my_kernel"),
    # In another directory called envs: the name of its parent comes first.
    (["/h/.conda/envs/tf219"], BASE, None, "/h/.conda/envs/tf219", "python3", "conda-env-.conda-tf219-py"),
    (["/data/proj/envs/my env é"], BASE, None, "/data/proj/envs/my env é", "python3", "conda-env-proj-my_env_e-py"),
    (["/envs/x"], BASE, None, "/envs/x", "python3", "conda-env--x-py"),
    # In any other directory: only the environment's own name.
    (["/data/proj/.venv"], BASE, None, "/data/proj/.venv", "python3", "conda-env-.venv-py"),
    (["/data/proj/environments/x"], BASE, None, "/data/proj/environments/x", "python3", "conda-env-x-py"),
    # Characters that an id cannot contain.
    (["/opt/conda/envs/Ünïcode"], BASE, None, "/opt/conda/envs/Ünïcode", "python3", "conda-env-Unicode-py"),
    (["/opt/conda/envs/a+b@c"], BASE, None, "/opt/conda/envs/a+b@c", "python3", "conda-env-a_b_c-py"),
    (["/opt/conda/envs/日本"], BASE, None, "/opt/conda/envs/日本", "python3", "conda-env-__-py"),
    (["/opt/conda/envs/A.b-C_1"], BASE, None, "/opt/conda/envs/A.b-C_1", "python3", "conda-env-A.b-C_1-py"),
    # Equal names, in order of their paths: the parent's name comes first in an envs directory; others get a counter.
    (["/a/x", "/b/x"], BASE, None, "/a/x", "python3", "conda-env-x-py"),
    (["/a/x", "/b/x"], BASE, None, "/b/x", "python3", "conda-env-x-2-py"),
    (["/a/x", "/b/x", "/c/x"], BASE, None, "/c/x", "python3", "conda-env-x-3-py"),
    (["/a/x", "/opt/conda/envs/x"], BASE, None, "/opt/conda/envs/x", "python3", "conda-env-conda-x-py"),
    (["/p/envs/x", "/q/p/envs/x"], BASE, None, "/q/p/envs/x", "python3", "conda-env-p-x-2-py"),
    (["/data/base", "/opt/conda"], BASE, None, "/opt/conda", "python3", "conda-env-base-2-py"),
    # No conda base on the machine: the configured envs_dir counts as its envs.
    (["/h/.conda/envs/tf"], None, "/h/.conda/envs", "/h/.conda/envs/tf", "python3", "conda-env-tf-py"),
    (["/x/envs/a", "/y/envs/a"], None, "/y/envs", "/x/envs/a", "python3", "conda-env-x-a-py"),
    (["/x/envs/a", "/y/envs/a"], None, "/y/envs", "/y/envs/a", "python3", "conda-env-a-py"),
    (["/x/envs/a"], None, None, "/x/envs/a", "python3", "conda-env-x-a-py"),
]  # fmt: skip


@pytest.mark.parametrize(("prefixes", "base", "envs_dir", "prefix", "kernel", "identifier"), CASES)
def test_kernel_id(
    prefixes: list[str], base: str | None, envs_dir: str | None, prefix: str, kernel: str, identifier: str
) -> None:
    name = environment_names(prefixes, base, envs_dir)[prefix]
    assert kernel_id(name, kernel) == identifier


def test_directories_of_conda_build_have_no_kernel() -> None:
    assert environment_names([f"{BASE}/conda-bld/work/_h_env", f"{BASE}/envs/a"], BASE) == {
        BASE: "base",
        f"{BASE}/envs/a": "a",
    }


def test_names_do_not_depend_on_the_order_in_which_environments_are_found() -> None:
    prefixes = ["/b/x", "/a/x", "/p/envs/x", "/c/x"]
    assert environment_names(prefixes, BASE) == environment_names(reversed(prefixes), BASE)


def test_every_environment_has_a_different_name() -> None:
    prefixes = [f"/{place}/x" for place in "abcdefgh"] + ["/a/x-2", "/x-3"]
    names = environment_names(prefixes, None)
    assert len(set(names.values())) == len(prefixes)


@pytest.mark.parametrize("text", ["plain-1.0_x", "tab\tand\nline", "Ångström/../x", "😀"])
def test_a_clean_name_is_one_that_jupyter_takes(text: str) -> None:
    from jupyter_client.kernelspec import _is_valid_kernel_name

    assert _is_valid_kernel_name(clean(text))


def test_metadata() -> None:
    assert metadata("proj-x", "/data/proj/envs/x", "python3", "Python 3 (ipykernel)", running=False) == {
        "conda_env_name": "proj-x",
        "conda_env_path": "/data/proj/envs/x",
        "conda_language": "Python",
        "conda_raw_kernel_name": "python3",
        "conda_is_base_environment": False,
        "conda_is_currently_running": False,
    }
    assert metadata("base", BASE, "ir", "R", running=True)["conda_is_base_environment"] is True


@pytest.mark.parametrize(
    ("shown", "language"),
    [("Python 3 (ipykernel)", "Python"), ("Python 2", "Python"), ("R", "R"), ("Julia 1.10.4", "Julia 1.10.4")],
)
def test_language(shown: str, language: str) -> None:
    assert language_of(shown) == language


FIELDS = {
    "name": "tf219",
    "environment": ".conda-tf219",
    "language": "Python",
    "version": "3.11.9",
    "tensorflow": "2.19.1",
    "kernel": "python3",
    "conda_kernel": "conda-env-.conda-tf219-py",
    "display_name": "Python 3 (ipykernel)",
    "prefix": "/home/u/.conda/envs/tf219",
}


@pytest.mark.parametrize(
    ("form", "missing", "shown"),
    [
        ("{name} (TensorFlow {tensorflow})", (), "tf219 (TensorFlow 2.19.1)"),
        ("{name} (TensorFlow {tensorflow})", ("tensorflow",), "tf219 (Python 3.11.9)"),
        ("{name} (TensorFlow {tensorflow})", ("tensorflow", "version"), "tf219 (Python)"),
        ("{language} [conda env:{environment}]", (), "Python [conda env:.conda-tf219]"),
        ("{0} [conda env:{1}]", (), "Python [conda env:.conda-tf219]"),
        ("{display_name} in {prefix}", (), "Python 3 (ipykernel) in /home/u/.conda/envs/tf219"),
        ("{no_such_field}", (), "tf219 (Python 3.11.9)"),
        ("{unclosed", (), "tf219 (Python 3.11.9)"),
    ],
)
def test_display_name(form: str, missing: tuple[str, ...], shown: str) -> None:
    assert display_name(form, {key: None if key in missing else value for key, value in FIELDS.items()}) == shown


def test_environments_unknown_to_conda_change_no_name() -> None:
    known = ["/b/x", "/opt/conda/envs/x"]
    names = environment_names(known, BASE, others=["/a/x", "/b/x"])
    assert {prefix: names[prefix] for prefix in known} == {"/b/x": "x", "/opt/conda/envs/x": "conda-x"}
    assert names["/a/x"] == "x-2"


def test_names_that_would_give_the_same_kernel_id_get_numbers() -> None:
    names = {"/1": "TF", "/2": "tf", "/3": "a b", "/4": "a_b", "/5": "a+b", "/6": "tf-2", "/7": "other"}
    assert list(apart(names, {}).values()) == ["TF", "tf-2", "a b", "a_b-2", "a+b-3", "tf-2-2", "other"]


def test_an_environment_keeps_the_name_that_it_has() -> None:
    names = {"/1": "TF", "/2": "tf"}
    assert apart(names, {"/2": "tf"}) == {"/2": "tf", "/1": "TF-2"}
    assert apart(names, {"/2": "tf", "/1": "TF-2"}) == {"/2": "tf", "/1": "TF-2"}
    assert apart(names, {"/2": "tf-2", "/1": "TF"}) == {"/1": "TF", "/2": "tf-2"}
