"""Versions are unpacked whole or not at all; what would keep a deployment from working is said before."""

import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tests.integration.chapters.release.engines.proxy import shop_versions
from tests.integration.chapters.release.engines.proxy.conftest import Environment
from tests.integration.chapters.release.engines.watching import Watching

from toban.chapters.release.engine import DeployFailed, DeploySite
from toban.chapters.release.engines.proxy import KIND
from toban.chapters.release.engines.proxy.config import ProxyDeployment
from toban.chapters.release.engines.proxy.engine import QUIET, is_free
from toban.chapters.release.engines.proxy.opening import open_engine

SECRET = "kaze-to-umi-2026"


def said(settings: object) -> list[str]:
    """Return what is doubtful about the settings."""
    config = ProxyDeployment.model_validate(settings)
    doubts = KIND.doubts(config, DeploySite("本番環境", "本番環境", "shop", Path(), Path()))
    return [str(each[0] if isinstance(each, tuple) else each) for each in doubts]


def test_other_bytes_than_recorded_are_not_installed(environment: Environment) -> None:
    artifact = shop_versions.made(environment.folder, "v1")
    other = shop_versions.made(environment.folder, "v2")

    with pytest.raises(DeployFailed, match="記録したダイジェストと違います"):
        environment.engine().install(replace(artifact, archive=other.archive), QUIET)

    assert environment.engine().installed() == []


def test_an_archive_that_leaves_its_folder_is_not_installed(environment: Environment) -> None:
    bad = environment.folder / "bad.tar"
    with tarfile.open(bad, "w") as tar:
        tar.addfile(tarfile.TarInfo("../outside"))
    made = shop_versions.made(environment.folder, "v1")
    digest = shop_versions.digest_of(bad)

    with pytest.raises(DeployFailed, match="展開できませんでした"):
        environment.engine().install(replace(made, digest=digest, archive=bad), QUIET)

    assert environment.engine().installed() == []


def test_an_installation_that_was_cut_off_is_done_again(environment: Environment) -> None:
    artifact = environment.version("v1")
    tree = environment.folder / "home/versions" / artifact.digest
    shutil.rmtree(tree)
    tree.with_name(f"{tree.name}.draft").mkdir()

    before = list(environment.engine().installed())
    environment.engine().install(artifact, QUIET)

    assert before == []
    assert (tree / "server.py").is_file()
    assert environment.engine().installed() == [artifact.digest]


def test_what_comes_before_the_start_is_done_once_and_in_the_versions_folder(
    environment: Environment,
) -> None:
    command = ["python", "-c", "import os; open('made', 'a').write(os.environ['RELEASE_VERSION'])"]
    engine, watch = environment.engine(prestart=command), Watching()
    artifact = shop_versions.made(environment.folder, "v1")

    for _ in range(2):
        engine.install(artifact, watch)

    assert (environment.folder / "home/versions" / artifact.digest / "made").read_text() == "v1"
    assert watch.lines == ["起動の前に「python」を実行します"]


def test_a_failed_command_before_the_start_installs_nothing_and_tells_no_secret(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", SECRET)
    command = ["python", "-c", "import os; raise SystemExit('no table for ' + os.environ['KEY'])"]
    engine = environment.engine(prestart=command, secrets={"KEY": "env:SHOP_KEY"})

    with pytest.raises(DeployFailed) as caught:
        engine.install(shop_versions.made(environment.folder, "v1"), QUIET)

    assert "no table for …" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert engine.installed() == []


def test_a_secret_is_in_the_environment_of_an_instance_and_in_no_record(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", SECRET)
    engine = environment.engine(secrets={"SHELF": "env:SHOP_KEY"}, variables={"COLOUR": "blue"})

    engine.switch(environment.version("v1"), QUIET)

    told = [each.environ() for each in environment.running()]
    assert [(each["SHELF"], each["COLOUR"]) for each in told] == [(SECRET, "blue")] * 2
    assert sorted(each["RELEASE_INSTANCE"] for each in told) == ["1", "2"]
    kept = [each for each in (environment.folder / "home").rglob("*") if each.is_file()]
    assert not [each for each in kept if SECRET.encode() in each.read_bytes()]


def test_instances_live_on_without_the_worker_that_started_them(environment: Environment) -> None:
    environment.engine().switch(environment.version("v1"), QUIET)

    for each in environment.running():
        assert os.getsid(each.pid) == each.pid
        assert psutil.Process().pid not in {parent.pid for parent in each.parents()}


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 64 KiB."""
    mount, umount, folder = (
        shutil.which("mount"),
        shutil.which("umount"),
        Path(tempfile.mkdtemp(prefix="small-")),
    )
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=False, capture_output=True
    )
    if not made or not umount or made.returncode:
        folder.rmdir()
        pytest.skip("a disk of the test's own needs root")
    yield folder
    subprocess.run([umount, folder], check=True)
    folder.rmdir()


def test_a_full_disk_leaves_what_serves(environment: Environment, small_disk: Path) -> None:
    config = ProxyDeployment.model_validate(environment.written)
    engine = open_engine(config, replace(environment.site, home=small_disk))
    old = shop_versions.made(environment.folder, "v1")
    engine.install(old, QUIET)
    engine.switch(old, QUIET)
    large = shop_versions.made(environment.folder, "v2", "#" * 200_000)

    with pytest.raises(DeployFailed, match="No space left"):
        engine.install(large, QUIET)

    assert engine.installed() == [old.digest]
    assert set(engine.serving().values()) == {old.digest}
    # What it writes is on that disk.
    environment.end()


def test_a_proxy_that_answers_raises_no_doubt(environment: Environment) -> None:
    assert said(environment.written) == []


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"start": ["no-such-program"]}, "プログラム「no-such-program」が見つかりません"),
        ({"health": None}, "新しい版が健全かどうかを、接続できるかどうかだけで決めます"),
        (
            {"proxy": {"kind": "haproxy", "backend": "shop", "socket": "/nowhere/haproxy.sock"}},
            "HAProxy のソケット (/nowhere/haproxy.sock) が答えません: [Errno 2] No such file or directory",
        ),
    ],
)
def test_what_would_fail_is_said_before(
    environment: Environment, changed: dict[str, object], doubt: str
) -> None:
    assert said({**environment.written, **changed}) == [doubt]


def test_a_handler_that_caddy_does_not_have_is_said_with_the_way_out(environment: Environment) -> None:
    proxy = {**environment.proxy.binding, "id": "another", "each": ""}
    config = ProxyDeployment.model_validate({**environment.written, "proxy": proxy})

    doubts = list(KIND.doubts(config, environment.site))

    assert "@id" in str(doubts[0][1] if isinstance(doubts[0], tuple) else "")


def test_ports_that_others_use_are_left_alone(environment: Environment) -> None:
    other = environment.ports[0]
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(other)]
    ) as process:
        try:
            _wait_for(other)
            engine = environment.engine()
            engine.switch(environment.version("v1"), QUIET)
        finally:
            process.terminate()

    assert f"127.0.0.1:{other}" not in engine.serving()
    assert len(engine.serving()) == 2


def test_an_instance_whose_port_another_took_at_the_same_moment_starts_on_the_next(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, engine = environment.version("v1"), environment.engine()
    other = environment.ports[0]
    looks = iter([True])
    # When the engine looks, nobody is there yet; what it finds then is another's server, which answers, too.
    monkeypatch.setattr(
        "toban.chapters.release.engines.proxy.engine.is_free",
        lambda port: (port == other and next(looks, False)) or is_free(port),
    )
    with subprocess.Popen(
        [sys.executable, "server.py", str(other)],
        cwd=environment.folder / "home/versions" / version.digest,
        env={**os.environ, "RELEASE_INSTANCE": "other"},
    ) as process:
        try:
            _wait_for(other)
            engine.switch(version, QUIET)
        finally:
            process.terminate()

    assert list(engine.serving()) == [f"127.0.0.1:{port}" for port in environment.ports[1:3]]


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nobody listens")
