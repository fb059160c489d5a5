"""Patches on real hosts: planned, approved, staging first, host by host, and proven."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.patching.apt_host import LOOPBACK, AptHost, Repository, install
from tests.integration.chapters.patching.place import (
    DAY,
    HOUR,
    ROUTINE_ROW,
    SECURITY_ROW,
    TERMS,
    TUESDAY,
    Place,
    group,
)
from tests.registered import PARTS
from tests.unit.chapters.vulnerabilities.mirrors import advisory, mirror

from toban.chapters.patching.models import PatchedHost
from toban.chapters.patching.operation import OPERATION
from toban.chapters.routine.operation import OPERATION as ROUTINE
from toban.chapters.vulnerabilities.models import Vulnerability
from toban.chapters.vulnerabilities.operation import OPERATION as SCANS
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.found import SCANS as PORT
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason

pytestmark = [pytest.mark.django_db, pytest.mark.allow_hosts(LOOPBACK)]


@pytest.fixture
def place(tmp_path: Path, hosts: list[AptHost]) -> Place:
    first, *others = hosts
    return Place(tmp_path, group("web", others) + group("try", [first], "staging") + TERMS)


def test_one_run_proves_both_rows(place: Place, hosts: list[AptHost]) -> None:
    place.tell()
    assert (place.verdict(), place.verdict(SECURITY_ROW)) == (Verdict.NOT_DUE, Verdict.NOT_DUE)

    assert place.patch() is RunReason.SUCCEEDED, place.told()
    place.tell()

    assert [host.version("curl") for host in hosts] == ["1.1"] * 3
    assert [host.upgrades("openssl") for host in hosts] == [1] * 3
    assert place.hosts() == {host.name: "done" for host in hosts}
    assert (place.verdict(), place.verdict(SECURITY_ROW)) == (Verdict.CONFORMING, Verdict.CONFORMING)
    assert "2026-12-08 10:00: 3台に6パッケージを適用" in place.said()
    assert "スキャンでは確かめられません" in place.said()
    assert place.edition.plan(OPERATION).rows.keys() == {ROUTINE_ROW, SECURITY_ROW}
    assert not place.edition.plan(ROUTINE).rows.keys() & {ROUTINE_ROW, SECURITY_ROW}
    events = LedgerEntry.objects.filter(content__event__in=("patches-began", "hosts-patched"))
    assert events.count() == 2
    asked = ApprovalRequest.objects.get()
    assert any("curl 1.0 → 1.1" in str(value) for _, value in asked.facts)


def test_a_host_that_was_bound_since_is_not_conforming_before_anybody_has_looked(
    tmp_path: Path, hosts: list[AptHost]
) -> None:
    place = Place(tmp_path, group("try", hosts[:1], "staging") + TERMS)
    assert place.patch() is RunReason.SUCCEEDED, place.told()
    place.tell()
    assert place.verdict() is Verdict.CONFORMING

    place.take(place.bindings + group("web", hosts[1:2]))
    place.tell()

    assert place.verdict() is Verdict.NOT_DUE
    assert hosts[1].name in place.said()
    assert hosts[0].name not in place.said()


def test_staging_comes_first_and_each_host_after_the_one_before(place: Place, hosts: list[AptHost]) -> None:
    place.patch()

    rows = list(PatchedHost.objects.order_by("began_at", "pk"))
    assert [each.host for each in rows] == [host.name for host in hosts]
    assert [each.stage for each in rows] == ["staging", "production", "production"]


def test_what_is_held_or_frozen_stays_and_is_named(
    tmp_path: Path, hosts: list[AptHost], repository: Repository
) -> None:
    hosts[1].run("apt-mark", "hold", "openssl")
    place = Place(tmp_path, group("web", hosts[1:2], more="keep = ['cur*']") + TERMS)
    repository.add("curl", "1.2")

    assert place.work(TUESDAY) is RunReason.SUCCEEDED, place.told()

    assert (hosts[1].version("curl"), hosts[1].version("openssl")) == ("1.0", "1.0")
    assert "据え置き2件" in str(place.run().note)
    assert not ApprovalRequest.objects.exists()


def test_a_fix_that_another_archive_has_overtaken_is_installed_and_nothing_else_from_there(
    tmp_path: Path, hosts: list[AptHost], ground: Path
) -> None:
    host = hosts[0]
    updates = Repository(ground / "updates", is_security=False)
    updates.folder.mkdir()
    install(host, {"openssl": "1.1"})
    updates.add("curl", "1.2")
    updates.add("openssl", "1.2")
    source = host.root / "etc/apt/sources.list.d/updates.list"
    source.write_text(f"deb [trusted=yes] file://{updates.folder} ./\n")
    place = Place(tmp_path, group("web", [host]) + TERMS)

    assert place.patch() is RunReason.SUCCEEDED, place.told()

    assert (host.version("curl"), host.version("openssl")) == ("1.2", "1.1")


def test_production_waits_for_its_window_and_goes_on_in_it(tmp_path: Path, hosts: list[AptHost]) -> None:
    staging, web = hosts[:2]
    place = Place(
        tmp_path,
        group("web", [web])
        + group("try", [staging], "staging")
        + TERMS.replace("毎日 9:00-23:00", "毎月第2火曜日 22:00-23:30"),
    )

    assert place.patch() is RunReason.POSTPONED, place.told()
    place.tell()

    assert (staging.version("curl"), web.version("curl")) == ("1.1", "1.0")
    assert place.run().wake_at <= TUESDAY + HOUR
    assert "22:00" in place.said()
    assert web.name in place.said()
    assert place.verdict() is Verdict.NOT_DUE
    assert place.work(TUESDAY + 12 * HOUR) is RunReason.SUCCEEDED, place.told()
    assert web.version("curl") == "1.1"


def test_a_host_begins_only_if_its_restart_and_its_health_have_room_in_the_window(
    tmp_path: Path, hosts: list[AptHost]
) -> None:
    host = hosts[0]
    old = host.boot.read_text()
    host.program("needrestart", f'test "$(cat {host.boot})" = {old} && echo "NEEDRESTART-KSTA: 3"; exit 0')
    host.program("restart", f"date +%s >{host.boot}")
    more = 'within = "30分"\nreboot_command = ["restart"]'
    place = Place(tmp_path, group("web", [host], more=more) + TERMS)
    place.work(TUESDAY)
    place.approve()

    # There is room for the upgrade alone: the window ends at 23:00.
    assert place.work(TUESDAY + 12 * HOUR + HOUR / 3) is RunReason.POSTPONED, place.told()
    assert host.version("curl") == "1.0"

    assert place.work(TUESDAY + 23 * HOUR) is RunReason.SUCCEEDED, place.told()
    assert host.version("curl") == "1.1"


def test_what_changes_before_the_window_is_asked_for_again_and_nothing_is_done_until_then(
    tmp_path: Path, hosts: list[AptHost], repository: Repository
) -> None:
    staging, web = hosts[:2]
    terms = TERMS.replace("毎日 9:00-23:00", "毎月第2金曜日 22:00-23:30")
    place = Place(tmp_path, group("web", [web]) + group("try", [staging], "staging") + terms)
    assert place.patch() is RunReason.POSTPONED, place.told()
    first = ApprovalRequest.objects.get()
    (repository.folder / "curl_1.1_all.deb").unlink()
    repository.add("curl", "1.2")

    # The window opens on Friday at 22:00; the day before is near enough for a new approval.
    assert place.work(TUESDAY + 2 * DAY + 11 * HOUR) is RunReason.POSTPONED, place.told()
    assert ApprovalRequest.objects.count() == 1
    friday = TUESDAY + 3 * DAY + 12 * HOUR
    assert place.work(friday - DAY) is RunReason.AWAITING_APPROVAL, place.told()

    asked = ApprovalRequest.objects.exclude(pk=first.pk).get()
    assert any("curl 1.0 → 1.2" in str(value) for _, value in asked.facts)
    assert asked.digest != first.digest
    assert place.work(friday - HOUR) is None
    assert web.version("curl") == "1.0"
    place.approve()
    assert place.work(friday - HOUR) is RunReason.POSTPONED, place.told()
    assert place.work(friday) is RunReason.SUCCEEDED, place.told()
    assert (staging.version("curl"), web.version("curl")) == ("1.1", "1.2")


def test_a_window_that_never_comes_is_a_deviation(tmp_path: Path, hosts: list[AptHost]) -> None:
    web = hosts[0]
    place = Place(
        tmp_path, group("web", [web]) + TERMS.replace("毎日 9:00-23:00", "毎月第4土曜日 22:00-23:30")
    )
    assert place.patch() is RunReason.POSTPONED

    assert place.work(TUESDAY + timedelta(days=15)) is RunReason.NOT_RUNNABLE
    place.tell()

    assert place.verdict() is Verdict.DEVIATING
    assert web.name in place.said()
    assert web.version("curl") == "1.0"


def test_in_shadow_nothing_is_asked_and_nothing_is_done(tmp_path: Path, hosts: list[AptHost]) -> None:
    place = Place(tmp_path, group("web", hosts[:1]) + TERMS.replace("ask", "shadow"))
    place.work(TUESDAY)
    place.tell()

    assert place.run().state == Run.State.SHADOW
    assert place.verdict() is Verdict.NOT_PERFORMED
    assert hosts[0].version("curl") == "1.0"


def scanned(place: Place, host: AptHost, fixed: str) -> None:
    """Bind and run a scan that knows of a vulnerability of curl."""
    (host.root / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
    mirror(
        place.folder / "osv",
        "Debian:12",
        [advisory("CVE-2026-1", "curl", fixed, ecosystem="Debian:12")],
    )
    remote = host.remote
    place.take(
        place.bindings
        + f"""
[inventory.{host.name.replace(".", "-")}]
kind = "host"
root = "{host.root}"

[inventory.{host.name.replace(".", "-")}.host]
name = "{host.name}"
port = {remote.port}
user = "{remote.user}"
key = "file:{remote.key}"
known_hosts = "{remote.write_known_hosts()}"

[advisories]
folder = "osv"
oldest = "3650日"
"""
    )


class _Turn:
    run_id = 0

    def say(self, _text: object) -> None: ...

    def progress(self, *_said: object) -> None: ...


def scan(place: Place) -> None:
    turn = _Turn()
    turn.run_id = Run.objects.create(
        work="scan", due_at=place.now, clause_id="x", document_digest="", ordered_by="kai", wake_at=place.now
    ).pk
    scans = PARTS.ports.one(PORT)
    assert scans is not None
    assert scans.scan(place.edition, turn)  # type: ignore[arg-type]
    Run.objects.filter(work="scan").update(state=Run.State.DONE)


def test_the_plan_says_what_it_closes_and_a_scan_proves_it(tmp_path: Path, hosts: list[AptHost]) -> None:
    place = Place(tmp_path, group("web", hosts[:1]) + TERMS)
    scanned(place, hosts[0], "1.1")
    assert place.edition.plan(SCANS).inventories
    scan(place)
    assert Vulnerability.objects.open().count() == 1

    assert place.patch() is RunReason.SUCCEEDED, place.told()
    place.tell()

    assert not Vulnerability.objects.open().exists()
    assert "スキャンで確かめました。解消した脆弱性1件" in place.said()
    assert LedgerEntry.objects.get(content__event="hosts-patched").content["closed"] == ["CVE-2026-1"]


def test_what_a_scan_still_finds_after_it_is_a_deviation(tmp_path: Path, hosts: list[AptHost]) -> None:
    place = Place(tmp_path, group("web", hosts[:1]) + TERMS)
    scanned(place, hosts[0], "1.1")
    scan(place)
    place.work(TUESDAY)
    mirror(
        place.folder / "osv",
        "Debian:12",
        [advisory("CVE-2026-1", "curl", "9.9", ecosystem="Debian:12")],
    )
    place.approve()

    assert place.work() is RunReason.NOT_RUNNABLE
    place.tell()

    assert place.verdict() is Verdict.DEVIATING
    assert "CVE-2026-1" in place.said()
    assert hosts[0].version("curl") == "1.1"
