"""Instances as units and as containers: by contract, since neither systemd nor Docker runs where tests do."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests import asking
from tests.integration.chapters.release.engines.proxy import shop_versions, stand_ins
from tests.integration.chapters.release.engines.proxy.conftest import Environment
from tests.integration.chapters.release.engines.proxy.customers import Customers
from tests.waiting import eventually

from toban.chapters.release.engine import Artifact, DeployFailed
from toban.chapters.release.engines.proxy.engine import QUIET, ProxyEngine


@pytest.fixture
def place(environment: Environment) -> Path:
    """Where the stand-ins keep what runs."""
    folder = environment.folder / "stand-ins"
    folder.mkdir()
    return folder


def command(name: str, place: Path) -> list[str]:
    """Return how a stand-in is called."""
    return [sys.executable, "-I", "-S", stand_ins.__file__, name, str(place)]


def as_units(environment: Environment, place: Path, **settings: object) -> ProxyEngine:
    """Return an engine whose instances are units."""
    return environment.engine(
        start=(),
        unit="shop@{port}.service",
        unit_file=f"{place}/{{port}}.env",
        systemctl=command("systemctl", place),
        **settings,
    )


def as_containers(environment: Environment, place: Path, **settings: object) -> ProxyEngine:
    """Return an engine whose instances are containers."""
    return environment.engine(
        start=(), container={"port": 8080, "command": command("docker", place)}, **settings
    )


def image(environment: Environment, place: Path, label: str) -> Artifact:
    """Push an image."""
    made = shop_versions.made(environment.folder, label)
    shutil.unpack_archive(made.archive or "", place / f"sha256:{made.digest}", "tar", filter="data")
    digest = f"sha256:{made.digest}"
    return replace(made, digest=digest, archive=None, image=f"registry.example.com/shop@{digest}")


def test_units_are_switched_and_switched_back(environment: Environment, place: Path) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = as_units(environment, place)
    engine.switch(old, QUIET)

    with Customers(environment.proxy.url) as customers:
        customers.wait_for(50)
        engine.switch(new, QUIET)
        serving = set(engine.serving().values())
        engine.switch(old, QUIET)
        customers.wait_for(50)

    assert customers.failures == []
    assert (serving, set(engine.serving().values())) == ({new.digest}, {old.digest})
    assert {each.stat().st_mode & 0o777 for each in place.glob("*.env")} == {0o600}


def test_a_unit_that_failed_is_started_again(environment: Environment, place: Path) -> None:
    engine = as_units(environment, place)
    engine.switch(environment.version("v1"), QUIET)
    environment.end()

    with pytest.raises(DeployFailed, match="動いていません"):
        engine.serving()
    done = engine.ensure()

    assert len(done) == 2
    assert len(engine.serving()) == 2


def test_containers_are_switched_and_switched_back(
    environment: Environment, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "kaze-to-umi-2026")
    old, new = (image(environment, place, label) for label in ("v1", "v2"))
    engine = as_containers(environment, place, secrets={"SHELF": "env:SHOP_KEY"})
    for each in (old, new):
        engine.install(each, QUIET)
    engine.switch(old, QUIET)

    with Customers(environment.proxy.url) as customers:
        customers.wait_for(50)
        engine.switch(new, QUIET)
        serving = set(engine.serving().values())
        engine.switch(old, QUIET)
        customers.wait_for(50)

    assert customers.failures == []
    assert (serving, set(engine.serving().values())) == ({new.digest}, {old.digest})
    assert {each.environ()["SHELF"] for each in environment.running()} == {"kaze-to-umi-2026"}
    assert set(engine.installed()) == {old.digest, new.digest}


def test_an_image_that_the_registry_does_not_have_is_not_installed(
    environment: Environment, place: Path
) -> None:
    missing = replace(image(environment, place, "v1"), image="registry.example.com/shop@sha256:0")

    with pytest.raises(DeployFailed, match="manifest unknown"):
        as_containers(environment, place).install(missing, QUIET)

    assert as_containers(environment, place).installed() == []


def test_an_image_without_a_digest_is_not_installed(environment: Environment, place: Path) -> None:
    movable = replace(image(environment, place, "v1"), image="registry.example.com/shop:latest")

    with pytest.raises(DeployFailed, match="ダイジェストの付いたイメージではない"):
        as_containers(environment, place).install(movable, QUIET)


def test_a_container_that_somebody_stopped_is_said(environment: Environment, place: Path) -> None:
    version, engine = image(environment, place, "v1"), as_containers(environment, place)
    engine.install(version, QUIET)
    engine.switch(version, QUIET)
    environment.end()

    with pytest.raises(DeployFailed, match="動いていません"):
        engine.serving()
    engine.ensure()

    assert set(engine.serving().values()) == {version.digest}
    # It is started, and listens a moment later.
    eventually(lambda: asking.get(environment.proxy.url).text.startswith("v1"))
