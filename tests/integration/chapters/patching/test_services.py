"""Without needrestart nobody restarts services that run with what was replaced: that is no success."""

import shutil
from functools import partial
from pathlib import Path

import pytest
from tests.integration.chapters.patching.apt_host import LOOPBACK, AptHost
from tests.integration.chapters.patching.place import HOUR, TERMS, Place, group
from tests.unit.chapters.patching.test_maps import process

from toban.chapters.patching.managers import maps
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.rules import RunReason

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.allow_hosts(LOOPBACK),
    pytest.mark.skipif(
        shutil.which("needrestart", path="/usr/sbin:/sbin:/usr/bin") is not None,
        reason="hosts share the programs of a machine with needrestart",
    ),
]


def test_services_that_run_with_replaced_files_deviate_until_they_are_restarted(
    tmp_path: Path, hosts: list[AptHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = hosts[0]
    (host.root / "bin/needrestart").unlink()
    monkeypatch.setattr(maps, "look", partial(maps.look, str(host.root / "proc")))
    process(host.root / "proc", 10, "/usr/lib/libssl.so.3 (deleted)", "/system.slice/nginx.service")
    place = Place(tmp_path, group("web", [host]) + TERMS)

    assert place.patch() is RunReason.NOT_RUNNABLE, place.told()
    place.tell()

    assert "/proc/*/maps" in place.told()
    assert place.verdict() is Verdict.DEVIATING
    assert f"{host.name}: nginx.service" in place.said()
    assert host.version("curl") == "1.1"

    shutil.rmtree(host.root / "proc/10")
    hosts[0].repository.add("curl", "1.2")
    place.now += HOUR
    place.order()
    assert place.patch() is RunReason.SUCCEEDED, place.told()
