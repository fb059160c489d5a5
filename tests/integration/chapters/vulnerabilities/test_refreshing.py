"""A mirror that is refreshed from an address: a real server of files."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.ports import free_port
from tests.unit.chapters.vulnerabilities.mirrors import advisory, mirror

from toban.chapters.vulnerabilities.advisories import refreshing
from toban.chapters.vulnerabilities.bindings import AdvisoriesBinding, MirrorAddress

asked: list[tuple[str, int]] = []


class _Files(SimpleHTTPRequestHandler):
    def log_request(self, code: int | str = "-", _size: int | str = "-") -> None:
        asked.append((self.path, int(code)))

    def log_message(self, *_said: object) -> None:
        pass


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return mirror(tmp_path / "source", "PyPI", [advisory("CVE-2026-1", "lib", "2.0")])


@pytest.fixture
def url(source: Path) -> Iterator[str]:
    asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=source)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def refreshed(folder: Path, url: str, *ecosystems: str) -> Sequence[str]:
    at = MirrorAddress.model_validate({"url": url})
    return [str(each) for each in refreshing.refresh(folder, at, ecosystems)]


def test_an_archive_is_fetched_and_again_only_when_it_is_newer(
    tmp_path: Path, source: Path, url: str
) -> None:
    folder, theirs = tmp_path / "osv", source / "PyPI" / "all.zip"

    assert refreshed(folder, url, "PyPI") == []
    assert refreshed(folder, url, "PyPI") == []
    mirror(source, "PyPI", [advisory("CVE-2026-2", "lib", "2.0")])
    os.utime(theirs, (time.time() + 5, time.time() + 5))
    assert refreshed(folder, url, "PyPI") == []

    assert [status for _, status in asked] == [200, 304, 200]
    assert (folder / "PyPI" / "all.zip").read_bytes() == theirs.read_bytes()
    assert [each.name for each in folder.iterdir()] == ["PyPI"]


def test_a_release_without_an_archive_of_its_own_is_in_that_of_the_distribution(
    tmp_path: Path, source: Path, url: str
) -> None:
    mirror(source, "Debian", [advisory("CVE-2026-1", "curl", "8", ecosystem="Debian:12")])

    assert refreshed(tmp_path / "osv", url, "Debian:12", "Debian:13") == []

    assert (tmp_path / "osv" / "Debian" / "all.zip").is_file()
    assert [path for path, status in asked if status == 200] == ["/Debian/all.zip"]


def test_what_is_no_archive_or_is_not_there_leaves_the_former_one(
    tmp_path: Path, source: Path, url: str
) -> None:
    folder = tmp_path / "osv"
    refreshed(folder, url, "PyPI")
    former = (folder / "PyPI" / "all.zip").read_bytes()
    (source / "PyPI" / "all.zip").write_text("<html>sign in</html>")
    os.utime(source / "PyPI" / "all.zip", (time.time() + 5, time.time() + 5))

    (why,) = refreshed(folder, url, "PyPI")
    (gone,) = refreshed(folder, url, "npm")
    (away,) = refreshed(folder, f"http://127.0.0.1:{free_port()}", "PyPI")

    assert "ZIP ではありません" in why
    assert "ステータス 404" in gone
    assert "Connection refused" in away
    assert (folder / "PyPI" / "all.zip").read_bytes() == former
    assert [each.name for each in folder.iterdir()] == ["PyPI"]


def test_an_archive_beyond_every_measure_is_not_kept(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "_LARGEST", 10)

    (why,) = refreshed(tmp_path / "osv", url, "PyPI")

    assert "MiB" in why
    assert list((tmp_path / "osv").iterdir()) == []


def test_a_name_from_what_is_installed_leads_nowhere_else(tmp_path: Path, url: str) -> None:
    assert refreshed(tmp_path / "osv", url, "../PyPI", "..", "", "a/b") == []

    assert asked == []
    assert not (tmp_path / "osv").exists()


def test_the_name_of_an_ecosystem_is_quoted(tmp_path: Path, source: Path, url: str) -> None:
    mirror(source, "Rocky Linux:9", [advisory("RLSA-1", "curl", "8", ecosystem="Rocky Linux:9")])

    assert refreshed(tmp_path / "osv", url, "Rocky Linux:9") == []

    assert asked == [("/Rocky%20Linux:9/all.zip", 200)]


def catalogs(folder: Path, **written: object) -> Sequence[str]:
    bound = AdvisoriesBinding.model_validate({"folder": str(folder), **written})
    return [str(each) for each in refreshing.refresh_catalogs(bound)]


def test_catalogs_come_from_the_mirror_if_it_has_them(tmp_path: Path, source: Path, url: str) -> None:
    (source / "known_exploited_vulnerabilities.json").write_text('{"vulnerabilities": []}')
    folder = tmp_path / "osv"

    assert catalogs(folder, at={"url": url}) == []
    assert catalogs(folder, at={"url": url}) == []

    assert [each.name for each in folder.iterdir()] == ["known_exploited_vulnerabilities.json"]
    assert sorted(asked) == [
        ("/epss_scores-current.csv.gz", 404),
        ("/epss_scores-current.csv.gz", 404),
        ("/known_exploited_vulnerabilities.json", 200),
        ("/known_exploited_vulnerabilities.json", 304),
    ]


def test_a_catalog_has_an_address_of_its_own_and_a_page_does_not_replace_it(
    tmp_path: Path, source: Path, url: str
) -> None:
    folder = tmp_path / "osv"
    (source / "scores.csv.gz").write_bytes(b"\x1f\x8b\x08")
    assert catalogs(folder, epss={"url": f"{url}/scores.csv.gz"}) == []
    (source / "scores.csv.gz").write_text("<html>sign in</html>")
    os.utime(source / "scores.csv.gz", (time.time() + 5, time.time() + 5))

    (page,) = catalogs(folder, epss={"url": f"{url}/scores.csv.gz"})
    (gone,) = catalogs(folder, kev={"url": f"{url}/gone.json"})

    assert page.startswith("epss_scores-current.csv.gz を新しくできません")
    assert "ステータス 404" in gone
    assert [(each.name, each.read_bytes()) for each in folder.iterdir()] == [
        ("epss_scores-current.csv.gz", b"\x1f\x8b\x08")
    ]


def test_a_catalog_beyond_what_is_read_of_one_is_not_kept(
    tmp_path: Path, source: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "LARGEST_CATALOG", 10)
    (source / "kev.json").write_text('{"vulnerabilities": []}')

    (why,) = catalogs(tmp_path / "osv", kev={"url": f"{url}/kev.json"})

    assert "MiB" in why
    assert list((tmp_path / "osv").iterdir()) == []


def test_the_credentials_of_the_mirror_are_not_shown_to_the_address_of_a_catalog(tmp_path: Path) -> None:
    shown: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("authorization", ""))
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            pass

    (tmp_path / "token").write_text("secret-of-the-mirror")
    (tmp_path / "token").chmod(0o600)
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever).start()
        place = f"http://127.0.0.1:{server.server_port}"
        mirror_at = {"url": place, "bearer_token": f"file:{tmp_path / 'token'}"}
        catalogs(tmp_path / "osv", at=mirror_at, kev={"url": f"{place}/kev.json"})
        server.shutdown()

    assert shown == ["", "Bearer secret-of-the-mirror"]
