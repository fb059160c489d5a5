"""What is installed, asked where it is: this host, another by SSH, an environment, bills and lock files."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distributions
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.integration.remote_host import RemoteHost, serving

from toban.chapters.vulnerabilities.inventories import files, host, python, sbom
from toban.chapters.vulnerabilities.inventories.host.config import HostInventory
from toban.chapters.vulnerabilities.inventory import InventoryKind, InventoryUnknown
from toban.chapters.vulnerabilities.package import Inventory, canonical

NOW = datetime(2026, 11, 25, tzinfo=UTC)
BILL = json.dumps({"bomFormat": "CycloneDX", "components": [{"purl": "pkg:pypi/lib@1.0"}]})

DPKG = shutil.which("dpkg-query") or ""

needs_dpkg = pytest.mark.skipif(not DPKG, reason="needs dpkg")


def read(kind: InventoryKind, **written: object) -> Inventory:
    return kind.open(kind.config.model_validate(written)).read(NOW)


def refused(kind: InventoryKind, **written: object) -> str:
    with pytest.raises(InventoryUnknown) as failed:
        read(kind, **written)
    return str(failed.value)


def by_dpkg() -> set[tuple[str, str]]:
    form = "${db:Status-Status}\t${source:Package}\t${source:Version}\n"
    said = subprocess.run([DPKG, "-W", "-f", form], capture_output=True, text=True, check=True).stdout
    lines = (line.split("\t") for line in said.splitlines())
    return {(source, version) for state, source, version in lines if state == "installed"}


@needs_dpkg
def test_this_host_is_read_as_dpkg_itself_reads_it() -> None:
    found = read(host.KIND)

    assert {(each.name, each.version) for each in found.packages} == by_dpkg()
    assert found.taken_at == NOW


@pytest.fixture(params=["openssh", "asyncssh"])
def remote(request: pytest.FixtureRequest) -> Iterator[RemoteHost]:
    with serving(request.param) as found:
        yield found


def login(remote: RemoteHost, **more: object) -> dict[str, object]:
    return {
        "name": remote.name,
        "port": remote.port,
        "user": remote.user,
        "key": f"file:{remote.key}",
        "known_hosts": str(remote.write_known_hosts()),
        **more,
    }


@needs_dpkg
def test_another_host_is_read_by_ssh(remote: RemoteHost) -> None:
    found = read(host.KIND, host=login(remote))

    assert {(each.name, each.version) for each in found.packages} == by_dpkg()


def test_a_host_that_can_not_be_reached_says_why(remote: RemoteHost) -> None:
    (remote.folder / "other").write_text("[127.0.0.1]:1 ssh-ed25519 AAAA\n")

    assert "127.0.0.1" in refused(host.KIND, host=login(remote, known_hosts=str(remote.folder / "other")))


def test_a_folder_that_is_no_host_says_why(tmp_path: Path) -> None:
    assert "パッケージを一覧できません" in refused(host.KIND, root=str(tmp_path))


def test_a_distribution_without_advisories_is_named(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('ID=plan9\nPRETTY_NAME="Plan 9"\n')
    (tmp_path / "lib/apk/db").mkdir(parents=True)
    (tmp_path / "lib/apk/db/installed").write_text("P:a\nV:1\n")

    assert "Plan 9 には、OSV形式の脆弱性情報がありません" in refused(host.KIND, root=str(tmp_path))


def test_a_host_that_lists_nothing_is_not_taken_for_a_safe_one(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").touch()

    assert "一覧が空です" in refused(host.KIND, root=str(tmp_path))


def test_the_root_is_a_whole_path() -> None:
    with pytest.raises(ValidationError):
        HostInventory.model_validate({"root": "srv"})


def test_an_environment_is_read_as_its_own_python_reads_it() -> None:
    found = read(python.KIND, path=sys.prefix)

    names = {(canonical("PyPI", each.metadata["Name"]), each.version) for each in distributions()}
    assert {(canonical("PyPI", each.name), each.version) for each in found.packages} <= names
    assert ("pytest", pytest.__version__) in {(each.name, each.version) for each in found.packages}


def test_a_folder_without_packages_is_no_environment(tmp_path: Path) -> None:
    assert "Pythonのパッケージがありません" in refused(python.KIND, path=str(tmp_path))


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("requirements.txt", "lib>=1\n", "版の決まっていない行があります: lib>=1"),
        ("requirements.txt", "# nothing\n", "パッケージがありません"),
        ("yarn.lock", "", "ロックファイルではありません"),
    ],
)
def test_a_lock_file_that_says_too_little_is_refused(
    tmp_path: Path, name: str, written: str, said: str
) -> None:
    (tmp_path / name).write_text(written)

    assert said in refused(files.KIND, path=str(tmp_path / name))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    assert "を読めません: No such file" in refused(files.KIND, path=str(tmp_path / "go.sum"))


class _Builds(BaseHTTPRequestHandler):
    """A server of builds that gives out bills of materials."""

    def do_GET(self) -> None:
        status = 200 if self.path == "/sbom.json" else 404
        self.send_response(status)
        self.end_headers()
        self.wfile.write(BILL.encode() if status == 200 else b"")

    def log_message(self, *_said: object) -> None:
        pass


@pytest.fixture
def builds() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Builds) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_bill_is_read_from_a_file_or_an_address(tmp_path: Path, builds: str) -> None:
    (tmp_path / "sbom.json").write_text(BILL)

    written = read(sbom.KIND, path=str(tmp_path / "sbom.json"))
    fetched = read(sbom.KIND, at={"url": f"{builds}/sbom.json"})

    assert [each.name for each in written.packages] == ["lib"]
    assert fetched.packages == written.packages


@pytest.mark.parametrize("said", ["", '"metadata": {"timestamp": "2999-01-01T00:00:00Z"},'])
def test_a_bill_without_a_date_or_with_a_future_one_has_no_age(tmp_path: Path, said: str) -> None:
    component = '{"purl": "pkg:pypi/lib@1.0"}'
    (tmp_path / "sbom.json").write_text(f'{{"bomFormat": "CycloneDX", {said} "components": [{component}]}}')

    assert read(sbom.KIND, path=str(tmp_path / "sbom.json")).taken_at is None


def test_a_bill_that_is_not_there_or_names_nothing_is_refused(tmp_path: Path, builds: str) -> None:
    (tmp_path / "sbom.json").write_text('{"bomFormat": "CycloneDX", "components": []}')
    (tmp_path / "page.json").write_text("<html>")

    assert "ステータス 404" in refused(sbom.KIND, at={"url": f"{builds}/other.json"})
    assert "脆弱性情報のあるパッケージがありません" in refused(sbom.KIND, path=str(tmp_path / "sbom.json"))
    assert "CycloneDXでもSPDXでもありません" in refused(sbom.KIND, path=str(tmp_path / "page.json"))


def test_a_bill_is_a_file_or_an_address() -> None:
    for written in ({}, {"path": "a", "at": {"url": "http://127.0.0.1"}}):
        with pytest.raises(ValidationError):
            sbom.SbomInventory.model_validate(written)
