"""Test that a lock's files are found by their hashes, and never replaced by others."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tfenv_lab.errors import IndexUnreachable, Unsatisfiable
from tfenv_lab.pypi import exact
from tfenv_lab.pypi.exact import ExactFiles
from tfenv_lab.pypi.index import IndexReader
from tfenv_lab.pypi.models import Distribution, IndexSettings, Locked

from ..simple_index import SimpleIndex

OTHER_TAG = "py2.py3-none-any"


def locked(*files: Distribution) -> Locked:
    """Return what a lock has of the project of these files."""
    return Locked(files[0].name, files[0].version, files)


def find(settings: IndexSettings, *packages: Locked, **fields: Any) -> list[Distribution]:
    """Find the files of packages for Python 3.11 on Linux."""
    files = ExactFiles(IndexReader(), settings, "3.11.9", "linux-64", **fields)
    return asyncio.run(files.find(packages))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory that no configuration names."""
    found = tmp_path / "a folder"
    found.mkdir()
    return found


@pytest.mark.parametrize("tag", ["py3-none-any", OTHER_TAG])
@pytest.mark.parametrize("serves_json", [True, False])
def test_of_several_files_of_a_version_the_locked_one_is_taken(
    simple_index: SimpleIndex, tag: str, serves_json: bool
) -> None:
    simple_index.serves_json = serves_json
    wheels = {each: simple_index.add("greet", "1.0", tag=each) for each in ("py3-none-any", OTHER_TAG)}
    file = simple_index.distribution(wheels[tag], url=f"https://elsewhere.example/{wheels[tag].name}", size=None)
    (found,) = find(simple_index.settings, locked(file))
    assert (found.url, found.sha256) == (simple_index.file_url(wheels[tag]), digest(wheels[tag]))
    assert found.size == (wheels[tag].stat().st_size if serves_json else None)


def test_the_best_wheel_is_taken_of_those_that_a_lock_has(simple_index: SimpleIndex) -> None:
    tags = [
        "cp312-cp312-manylinux_2_17_x86_64",
        "py3-none-any",
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-cp311-win32",
    ]
    wheels = [simple_index.add("greet", "1.0", tag=tag) for tag in tags]
    (found,) = find(simple_index.settings, locked(*map(simple_index.distribution, wheels)))
    assert found.sha256 == digest(wheels[2])


def test_the_next_wheel_of_the_lock_is_taken_if_the_best_one_cannot_be_had(simple_index: SimpleIndex) -> None:
    wheel = simple_index.add("greet", "1.0")
    best = simple_index.distribution(
        wheel, url="https://x.example/greet-1.0-cp311-cp311-linux_x86_64.whl", sha256="0" * 64
    )
    (found,) = find(simple_index.settings, locked(best, simple_index.distribution(wheel)))
    assert found.sha256 == digest(wheel)


@pytest.mark.parametrize("url", ["https://elsewhere.example/greet-1.0-py3-none-any.whl", "greet-1.0-py3-none-any.whl"])
def test_another_file_of_the_same_name_is_refused_and_both_are_named(simple_index: SimpleIndex, url: str) -> None:
    wheel = simple_index.add("greet", "1.0")
    simple_index.add("fine", "1.0")
    lost = simple_index.distribution(wheel, url=url, sha256="ab" * 32)
    with pytest.raises(Unsatisfiable) as refused:
        find(simple_index.settings, locked(lost))
    assert "greet 1.0" in refused.value.message
    assert "ab" * 32 in (refused.value.details or "")
    assert digest(wheel) in (refused.value.details or "")


def test_every_package_that_cannot_be_had_is_named(simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "2.0")
    packages = [
        locked(Distribution(name, "1.0", f"https://x.example/{name}-1.0-py3-none-any.whl", "ab" * 32))
        for name in ("greet", "hello", "third")
    ]
    with pytest.raises(Unsatisfiable) as refused:
        find(simple_index.settings, *packages)
    assert "greet 1.0, hello 1.0, third 1.0" in refused.value.message
    assert "does not have version 1.0; it has 2.0" in (refused.value.details or "")
    assert "does not have the project" in (refused.value.details or "")


def test_a_withdrawn_file_is_taken_by_its_hash(simple_index: SimpleIndex) -> None:
    wheel = simple_index.add("greet", "1.0", yanked="broken")
    simple_index.add("greet", "2.0")
    (found,) = find(
        simple_index.settings, locked(simple_index.distribution(wheel, url="https://x.example/" + wheel.name))
    )
    assert found.url == simple_index.file_url(wheel)


def test_a_file_is_found_behind_another_one_of_the_same_name(
    simple_index: SimpleIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = simple_index.add("greet", "1.0")
    (folder / wheel.name).write_bytes(b"another file")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    file = simple_index.distribution(wheel, url="https://x.example/" + wheel.name)
    (found,) = find(simple_index.settings, locked(file))
    assert found.url == simple_index.file_url(wheel)


def test_the_url_of_the_lock_counts_on_the_host_of_an_index(simple_index: SimpleIndex) -> None:
    wheel = simple_index.add("greet", "1.0")
    file = simple_index.distribution(wheel)
    simple_index.files["unlisted"] = simple_index.files.pop("greet")
    (found,) = find(simple_index.settings, locked(file))
    assert found == file


@pytest.mark.parametrize(
    ("url", "index", "allowed", "is_taken"),
    [
        ("https://files.pythonhosted.org/packages/aa/greet-1.0-py3-none-any.whl", "https://pypi.org/simple", (), True),
        (
            "https://files.pythonhosted.org/greet-1.0-py3-none-any.whl",
            "https://pypi.org/simple",
            ("https://pypi.org",),
            True,
        ),
        ("https://files.pythonhosted.org/greet-1.0-py3-none-any.whl", "https://mirror.example/simple", (), False),
        ("https://mirror.example/files/greet-1.0-py3-none-any.whl", "https://mirror.example/simple", (), True),
        ("https://ada:s3cret@mirror.example/greet-1.0-py3-none-any.whl", "https://mirror.example/simple", (), True),
        ("https://mirror.example:444/greet-1.0-py3-none-any.whl", "https://mirror.example/simple", (), False),
        (
            "https://mirror.example/other/greet-1.0-py3-none-any.whl",
            "https://mirror.example/good/simple",
            ("https://mirror.example/good",),
            False,
        ),
        (
            "https://mirror.example/good/../other/greet-1.0-py3-none-any.whl",
            "https://mirror.example/good/simple",
            ("https://mirror.example/good",),
            False,
        ),
        ("git+https://mirror.example/greet-1.0-py3-none-any.whl", "https://mirror.example/simple", (), False),
    ],
)
def test_the_place_of_a_locked_url_must_be_a_configured_one(
    simple_index: SimpleIndex,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    index: str,
    allowed: tuple[str, ...],
    is_taken: bool,
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", index)
    settings = simple_index.settings_with(allowed_indexes=allowed, offline=True)
    package = locked(Distribution("greet", "1.0", url, "ab" * 32))
    if is_taken:
        (found,) = find(settings, package)
        assert found.url == url.replace("ada:s3cret@", "")
    else:
        with pytest.raises(IndexUnreachable, match="offline"):
            find(settings, package)


def test_a_locked_url_elsewhere_is_refused_although_the_index_has_the_version(simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0")
    other = Distribution("greet", "1.0", "https://ada:s3cret@evil.example/greet-1.0-py3-none-any.whl", "ab" * 32)
    with pytest.raises(Unsatisfiable) as refused:
        find(simple_index.settings, locked(other))
    assert "https://evil.example/greet-1.0" in (refused.value.details or "")
    assert "s3cret" not in (refused.value.details or "")


class TestFileUrls:
    """Wheels in a directory of this machine."""

    @pytest.fixture
    def wheel(self, simple_index: SimpleIndex, folder: Path) -> Path:
        """A wheel in the directory, which the index does not have."""
        made = simple_index.add("greet", "1.0")
        del simple_index.files["greet"]
        return Path(shutil.move(made, folder / made.name))

    def test_one_in_find_links_is_taken(
        self, simple_index: SimpleIndex, wheel: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UV_FIND_LINKS", str(wheel.parent))
        settings = simple_index.settings_with(allow_url_requirements=False)
        (found,) = find(settings, locked(simple_index.distribution(wheel, url=wheel.as_uri(), size=None)))
        assert (found.url, found.sha256, found.size) == (wheel.as_uri(), digest(wheel), wheel.stat().st_size)

    def test_one_in_another_directory_is_taken_if_urls_are_permitted(
        self, simple_index: SimpleIndex, wheel: Path
    ) -> None:
        package = locked(simple_index.distribution(wheel, url=wheel.as_uri()))
        assert find(simple_index.settings, package)[0].url == wheel.as_uri()
        for policy in ({"allow_url_requirements": False}, {"allowed_indexes": [simple_index.url]}):
            with pytest.raises(Unsatisfiable, match=r"greet 1\.0"):
                find(simple_index.settings_with(**policy), package)

    @pytest.mark.parametrize("configured", [True, False])
    def test_a_changed_file_is_refused(
        self, simple_index: SimpleIndex, wheel: Path, monkeypatch: pytest.MonkeyPatch, configured: bool
    ) -> None:
        if configured:
            monkeypatch.setenv("UV_FIND_LINKS", str(wheel.parent))
        package = locked(simple_index.distribution(wheel, url=wheel.as_uri()))
        wheel.write_bytes(wheel.read_bytes() + b"!")
        with pytest.raises(Unsatisfiable, match=r"greet 1\.0"):
            find(simple_index.settings, package)

    def test_a_missing_file_is_taken_from_the_index_only_with_its_hash(
        self, simple_index: SimpleIndex, wheel: Path
    ) -> None:
        package = locked(simple_index.distribution(wheel, url=wheel.as_uri()))
        content = wheel.read_bytes()
        wheel.unlink()
        on_index = simple_index.add("greet", "1.0", files={"greet/other.py": ""})
        with pytest.raises(Unsatisfiable, match=r"greet 1\.0"):
            find(simple_index.settings, package)
        on_index.write_bytes(content)
        assert find(simple_index.settings, package)[0].url == simple_index.file_url(on_index)


def test_a_lock_without_hashes_gets_the_file_of_the_same_name(simple_index: SimpleIndex) -> None:
    wheel = simple_index.add("greet", "1.0")
    simple_index.add("greet", "1.0", tag=OTHER_TAG)
    file = Distribution("greet", "1.0", "https://x.example/" + wheel.name)
    assert find(simple_index.settings, locked(file))[0].sha256 == digest(wheel)
    with pytest.raises(Unsatisfiable):
        find(
            simple_index.settings,
            locked(Distribution("greet", "1.0", "https://x.example/greet-1.0-cp311-none-any.whl")),
        )


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("cp312-cp312-manylinux_2_17_x86_64", "Python 3.11 on linux-64"),
        ("cp311-cp311-win_amd64", "Python 3.11 on linux-64"),
        ("cp311-cp311-manylinux_2_99_x86_64", "glibc 2.99 or newer"),
    ],
)
def test_a_wheel_for_another_machine_is_refused(simple_index: SimpleIndex, tag: str, said: str) -> None:
    wheel = simple_index.add("greet", "1.0", tag=tag)
    with pytest.raises(Unsatisfiable) as refused:
        find(simple_index.settings, locked(simple_index.distribution(wheel)))
    assert said in (refused.value.details or "")


def test_a_wheel_of_another_project_is_not_taken(simple_index: SimpleIndex) -> None:
    wheel = simple_index.add("evil", "1.0")
    file = simple_index.distribution(wheel)
    with pytest.raises(Unsatisfiable, match=r"greet 1\.0"):
        find(simple_index.settings, Locked("greet", "1.0", (file,)))


def test_a_source_archive_is_taken_only_if_builds_are_permitted(simple_index: SimpleIndex) -> None:
    source = locked(simple_index.distribution(simple_index.add_source("greet", "1.0")))
    assert ExactFiles(IndexReader(), simple_index.settings, "3.11.9", "linux-64").needing_builds([source]) == [source]
    assert find(simple_index.settings, source, builds=True)[0].filename == "greet-1.0.tar.gz"


def test_an_index_that_does_not_answer_is_named(simple_index: SimpleIndex) -> None:
    file = simple_index.distribution(
        simple_index.add("greet", "1.0"), url="https://x.example/greet-1.0-py3-none-any.whl"
    )
    simple_index.status = 500
    with pytest.raises(IndexUnreachable, match="answers with an error") as refused:
        find(simple_index.settings, locked(file))
    assert "greet 1.0" in (refused.value.details or "")


@pytest.mark.parametrize("serves_json", [True, False])
def test_a_file_for_which_the_index_states_another_hash_is_refused(
    simple_index: SimpleIndex, serves_json: bool
) -> None:
    simple_index.serves_json = serves_json
    wheel = simple_index.add("greet", "1.0")
    with pytest.raises(Unsatisfiable) as refused:
        find(simple_index.settings, locked(simple_index.distribution(wheel, sha256="ab" * 32)))
    assert refused.value.message == "The exact file of greet 1.0 cannot be found."
    for words in (wheel.name, "ab" * 32, digest(wheel)):
        assert words in (refused.value.details or "")
    # Another file of the lock may be right.
    other = simple_index.add("greet", "1.0", tag=OTHER_TAG)
    files = (simple_index.distribution(wheel, sha256="ab" * 32), simple_index.distribution(other))
    assert find(simple_index.settings, locked(*files))[0].sha256 == digest(other)


@pytest.mark.parametrize("trouble", ["down", "slow", "another file"])
def test_a_file_that_the_index_does_not_confirm_is_taken_from_its_host(
    simple_index: SimpleIndex, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installation verifies its hash."""
    monkeypatch.setattr(exact, "_CONFIRM", 0.2)
    file = simple_index.distribution(simple_index.add("greet", "1.0"))
    if trouble == "down":
        simple_index.down()
    elif trouble == "slow":
        simple_index.delay = 0.6
    else:
        file = replace(file, url=file.url.replace("/files/", "/earlier/"), sha256="ab" * 32)
    assert find(simple_index.settings, locked(file)) == [file]


def test_a_directory_comes_before_the_host_of_an_index(
    simple_index: SimpleIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = simple_index.add("greet", "1.0")
    (folder / wheel.name).write_bytes(wheel.read_bytes())
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    found = find(simple_index.settings, locked(simple_index.distribution(wheel)))
    assert found[0].url == (folder / wheel.name).as_uri()
