"""Test what package indexes have of a project, as uv would find it."""

from __future__ import annotations

import asyncio
import base64
import threading
from pathlib import Path

import pytest

from tests.simple_index import SimpleIndex
from tfenv_lab.errors import IndexUnreachable
from tfenv_lab.pypi import fetching, index, pages
from tfenv_lab.pypi.index import IndexReader, Project
from tfenv_lab.pypi.models import IndexPolicy, IndexSettings
from tfenv_lab.pypi.settings import read


def ask(name: str, settings: IndexSettings | None = None, reader: IndexReader | None = None) -> Project | None:
    """Return a project, as a new reader finds it with the configuration of the test."""
    found = settings or read(IndexPolicy())
    return asyncio.run((reader or IndexReader()).project(name, found))


def versions(name: str, settings: IndexSettings | None = None, reader: IndexReader | None = None) -> list[str]:
    found = ask(name, settings, reader)
    return [str(version) for version in found.versions] if found else []


def unreachable(name: str = "alpha", settings: IndexSettings | None = None) -> IndexUnreachable:
    with pytest.raises(IndexUnreachable) as raised:
        ask(name, settings)
    return raised.value


@pytest.fixture
def second(tmp_path: Path) -> SimpleIndex:
    """Another index, which is not configured."""
    made = SimpleIndex(tmp_path / "second")
    made.directory.mkdir()
    made.up()
    return made


@pytest.mark.parametrize("serves_json", [True, False])
def test_files_have_what_the_catalog_needs(simple_index: SimpleIndex, serves_json: bool) -> None:
    simple_index.serves_json = serves_json
    wheel = simple_index.add("Alpha.Beta", "1.10", requires_python=">=3.9", uploaded="2025-01-02T03:04:05Z")
    simple_index.add_source("alpha-beta", "1.9")
    simple_index.add("alpha-beta", "2.0", yanked="broken")
    simple_index.add("alpha-beta", "2.1", yanked=True)
    simple_index.add("alpha-beta", "3.0rc1")
    found = ask("alpha_beta")
    assert found is not None
    assert [str(version) for version in found.versions] == ["3.0rc1", "1.10", "1.9"]
    file = next(file for file in found.files if file.filename == wheel.name)
    assert (file.url, file.requires_python, file.is_wheel) == (simple_index.file_url(wheel), ">=3.9", True)
    told = (wheel.stat().st_size, "2025-01-02T03:04:05Z") if serves_json else (None, None)
    assert (file.size, file.uploaded) == told
    assert [file.filename for file in found.files if not file.is_wheel] == ["alpha_beta-1.9.tar.gz"]


def test_an_unknown_project_is_none(simple_index: SimpleIndex) -> None:
    assert ask("nothing") is None


def test_the_page_is_asked_for_under_the_normalized_name(simple_index: SimpleIndex) -> None:
    simple_index.add("alpha-beta")
    assert versions("Alpha__Beta") == ["1.0"]
    assert simple_index.count("/simple/alpha-beta/") == 1


class TestPages:
    """Pages of others, which may be odd."""

    def test_odd_entries_are_left_out(self) -> None:
        content = b"""{"meta": {}, "files": [
            {"filename": "alpha-1.0-py3-none-any.whl", "url": "a.whl"},
            {"filename": "alpha-1.1-py3-none-any.whl", "url": "a.whl", "requires-python": null, "size": null},
            {"filename": "alpha.whl", "url": "a.whl"}, {"filename": "alpha-1.0.exe", "url": "a"},
            {"filename": "beta-1.0-py3-none-any.whl", "url": "b.whl"}, {"url": "c"}, 7, null,
            {"filename": "alpha-1.2-py3-none-any.whl", "url": "//[bad/a.whl"},
            {"filename": "alpha-one-py3-none-any.whl", "url": "a.whl", "size": "x"}]}"""
        found = list(pages.from_json(content, "https://host/simple/alpha/", "alpha"))
        assert [str(file.version) for file in found] == ["1.0", "1.1"]

    def test_links_are_relative_to_the_base_of_the_page(self) -> None:
        content = b"""<html><head><base href="https://files/x/"></head><body>
            <a href="alpha-1.0%2Blocal-py3-none-any.whl#sha256=1" data-requires-python="&gt;=3.9">alpha</a>
            <a>nothing</a><a href="../">up</a><A HREF=/alpha-2.0.tar.gz data-yanked>old</A>"""
        found = list(pages.from_html(content, "https://host/simple/alpha/", "alpha"))
        assert [(file.url, file.requires_python, file.yanked) for file in found] == [
            ("https://files/x/alpha-1.0%2Blocal-py3-none-any.whl", ">=3.9", False),
            ("https://files/alpha-2.0.tar.gz", "", True),
        ]

    def test_credentials_are_not_kept(self) -> None:
        content = b'<a href="https://ada:secret@files/alpha-1.0.tar.gz">alpha</a>'
        found = list(pages.from_html(content, "https://host/simple/alpha/", "alpha"))
        assert [file.url for file in found] == ["https://files/alpha-1.0.tar.gz"]


class TestSeveral:
    """Several indexes and lists of files."""

    def test_for_pip_every_index_counts(
        self, simple_index: SimpleIndex, second: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.add("alpha", "1.0")
        second.add("alpha", "2.0")
        monkeypatch.delenv("UV_DEFAULT_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", simple_index.url)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", second.url)
        assert versions("alpha") == ["2.0", "1.0"]

    def test_for_uv_the_first_index_with_the_project_counts(
        self, simple_index: SimpleIndex, second: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.add("alpha", "2.0")
        simple_index.add("beta", "2.0")
        second.add("alpha", "1.0")
        monkeypatch.setenv("UV_INDEX", second.url)
        assert versions("alpha") == ["1.0"]
        assert versions("beta") == ["2.0"]
        monkeypatch.setenv("UV_INDEX_STRATEGY", "unsafe-best-match")
        assert versions("alpha") == ["2.0", "1.0"]

    def test_directories_of_files_count_in_addition(
        self, simple_index: SimpleIndex, second: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.add("alpha", "1.0")
        wheel = second.add("alpha", "3.0")
        second.add("alpine", "9.0")
        monkeypatch.setenv("PIP_FIND_LINKS", str(second.directory))
        found = ask("alpha")
        assert found is not None
        assert [(file.url, file.size) for file in found.files if str(file.version) == "3.0"] == [
            (wheel.as_uri(), wheel.stat().st_size)
        ]
        assert versions("alpha") == ["3.0", "1.0"]

    def test_a_page_of_links_counts_in_addition(
        self, simple_index: SimpleIndex, second: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.add("alpha", "1.0")
        second.add("alpha", "3.0")
        monkeypatch.setenv("PIP_FIND_LINKS", f"{second.url}alpha/")
        assert versions("alpha") == ["3.0", "1.0"]
        assert versions("beta") == []

    def test_without_an_index_only_directories_are_read(
        self, second: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        second.add("alpha", "3.0")
        monkeypatch.setenv("PIP_FIND_LINKS", str(second.directory))
        assert versions("alpha") == ["3.0"]
        assert second.requests == []

    def test_an_index_can_be_a_directory(
        self, second: SimpleIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheel = second.add("alpha", "3.0")
        page = tmp_path / "static" / "alpha" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f'<a href="../../second/{wheel.name}">{wheel.name}</a>')
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", str(tmp_path / "static"))
        assert versions("alpha") == ["3.0"]
        assert versions("beta") == []


class TestFailures:
    """An index that does not answer."""

    def test_it_is_named(self, simple_index: SimpleIndex) -> None:
        simple_index.down()
        assert unreachable().message == f"The package index {simple_index.url} cannot be reached."

    def test_an_error_of_the_index(self, simple_index: SimpleIndex) -> None:
        simple_index.status = 503
        error = unreachable()
        assert error.message == f"The package index {simple_index.url} answers with an error."
        assert error.details == "HTTP status 503"

    def test_an_index_that_is_no_index(self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        simple_index.add("alpha")
        simple_index.kind = "application/json"
        simple_index.serves_json = False
        assert unreachable().message == f"The package index {simple_index.url} does not answer like a package index."

    def test_a_page_without_end(self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fetching, "LIMIT", 1000)
        for number in range(20):
            simple_index.add("alpha", f"1.{number}")
        assert unreachable().message == f"A page of {simple_index.url} is larger than 0 MB."

    def test_an_index_that_never_answers(self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        simple_index.hold = threading.Event()
        monkeypatch.setattr(fetching, "PATIENCE", 0.2)
        assert unreachable().message == f"The package index {simple_index.url} cannot be reached."

    def test_all_together_have_a_limit(self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        simple_index.delay = 1
        monkeypatch.setattr(index, "LONGEST", 0.2)
        assert unreachable().message == "The package index did not answer within 0.2 seconds."

    def test_an_offline_server_reads_directories_only(
        self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.add("alpha")
        error = unreachable(settings=simple_index.settings_with(offline=True))
        assert error.message == f"The package index {simple_index.url} is not read, because the server is offline."
        assert simple_index.requests == []
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.delenv("UV_DEFAULT_INDEX")
        monkeypatch.setenv("PIP_FIND_LINKS", str(simple_index.directory))
        assert versions("alpha", read(IndexPolicy(offline=True))) == ["1.0"]

    def test_an_index_that_answered_before_counts_as_it_was(
        self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index, "FRESH", 0)
        simple_index.add("alpha")
        reader = IndexReader()
        assert versions("alpha", reader=reader) == ["1.0"]
        simple_index.down()
        assert versions("alpha", reader=reader) == ["1.0"]

    def test_a_failure_is_remembered_for_a_short_time(
        self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.add("alpha")
        simple_index.status = 503
        reader = IndexReader()
        for _ in range(2):
            with pytest.raises(IndexUnreachable):
                versions("alpha", reader=reader)
        assert len(simple_index.requests) == 1
        simple_index.status = 200
        monkeypatch.setattr(index, "FAILED", 0)
        fresh = IndexReader()
        assert versions("alpha", reader=fresh) == ["1.0"]


class TestMemory:
    """Answers are remembered."""

    def test_a_fresh_answer_needs_no_request(self, simple_index: SimpleIndex) -> None:
        simple_index.add("alpha")
        reader = IndexReader()
        assert versions("alpha", reader=reader) == versions("ALPHA", reader=reader) == ["1.0"]
        assert len(simple_index.requests) == 1

    def test_other_settings_are_other_answers(self, simple_index: SimpleIndex, second: SimpleIndex) -> None:
        simple_index.add("alpha")
        reader = IndexReader()
        assert versions("alpha", reader=reader) == ["1.0"]
        assert versions("alpha", simple_index.settings_with(python_index=second.url), reader) == []

    def test_an_unchanged_page_is_not_sent_again(
        self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index, "FRESH", 0)
        simple_index.add("alpha")
        reader = IndexReader()
        assert versions("alpha", reader=reader) == ["1.0"]
        assert versions("alpha", reader=reader) == ["1.0"]
        assert simple_index.statuses == [200, 304]
        simple_index.add("alpha", "2.0")
        assert versions("alpha", reader=reader) == ["2.0", "1.0"]

    def test_callers_at_the_same_time_share_one_request(self, simple_index: SimpleIndex) -> None:
        simple_index.add("alpha")
        settings = read(IndexPolicy())

        async def main() -> None:
            reader = IndexReader()
            first, *others = [asyncio.ensure_future(reader.project("alpha", settings)) for _ in range(3)]
            await asyncio.sleep(0)
            # One that no longer waits does not take the answer from the others.
            first.cancel()
            assert all(found is not None for found in await asyncio.gather(*others))

        asyncio.run(main())
        assert len(simple_index.requests) == 1


class TestCredentials:
    """The places in which pip and uv look for credentials."""

    @pytest.fixture(autouse=True)
    def protected(self, simple_index: SimpleIndex) -> None:
        simple_index.add("alpha")
        simple_index.credentials = ("ada", "s3cr/t@")

    def test_without_them_the_error_says_so(self, simple_index: SimpleIndex) -> None:
        error = unreachable()
        assert error.message == f"The package index {simple_index.url} requires valid credentials."
        assert "netrc" in (error.hint or "")

    def test_in_the_url(self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url_with_credentials)
        assert versions("alpha") == ["1.0"]

    def test_in_variables_for_a_name(self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"my-own={simple_index.url}")
        monkeypatch.setenv("UV_INDEX_MY_OWN_USERNAME", "ada")
        monkeypatch.setenv("UV_INDEX_MY_OWN_PASSWORD", "s3cr/t@")
        assert versions("alpha") == ["1.0"]

    @pytest.mark.parametrize("place", [".netrc", "elsewhere"])
    def test_in_netrc(self, clean_home: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
        file = clean_home / place
        file.write_text("machine 127.0.0.1 login ada password s3cr/t@\n")
        file.chmod(0o600)
        monkeypatch.delenv("NETRC", raising=False)
        if place == "elsewhere":
            monkeypatch.setenv("NETRC", str(file))
        assert versions("alpha") == ["1.0"]

    def test_in_the_keyring(self, simple_index: SimpleIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program = tmp_path / "bin" / "keyring"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\n[ "$1 $2 $3 $4" = "get -- {simple_index.url} ada" ] && echo s3cr/t@\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")
        monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url.replace("://", "://ada@"))
        assert "requires valid credentials" in unreachable().message
        monkeypatch.setenv("PIP_KEYRING_PROVIDER", "subprocess")
        assert versions("alpha") == ["1.0"]

    def test_they_are_in_no_error(self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url_with_credentials)
        simple_index.down()
        error = unreachable()
        assert "s3cr" not in f"{error.message} {error.details}"

    def test_they_are_not_sent_to_another_host(
        self, simple_index: SimpleIndex, second: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        second.add("alpha", "2.0")
        simple_index.redirect = f"http://localhost:{second.port}"
        monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url_with_credentials)
        assert versions("alpha") == ["2.0"]
        assert second.requests == [("/simple/alpha/", None)]


class TestNetwork:
    """Proxies and certificates."""

    def test_a_proxy_is_used(
        self, simple_index: SimpleIndex, second: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other index stands for the proxy: it is asked for a whole URL."""
        second.proxy_credentials = ("ada", "s3cret")
        monkeypatch.setenv("PIP_PROXY", f"ada:s3cret@127.0.0.1:{second.port}")
        monkeypatch.setenv("UV_DEFAULT_INDEX", "http://index.invalid/simple/")
        assert ask("alpha") is None
        assert [path for path, _ in second.requests] == ["http://index.invalid/simple/alpha/"]
        login = "Basic " + base64.b64encode(b"ada:s3cret").decode()
        assert second.proxy_logins == [login]

    def test_a_host_without_proxy(
        self, simple_index: SimpleIndex, second: SimpleIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        simple_index.add("alpha")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{second.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert versions("alpha") == ["1.0"]
        assert second.requests == []
