"""What goes wrong with patches on real hosts: said, stopped, mended, and never done twice."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.patching.apt_host import LOOPBACK, AptHost, Repository, install
from tests.integration.chapters.patching.place import HOUR, TERMS, TUESDAY, Place, group
from tests.integration.engine.runs.claims import taken

from toban.chapters.patching.hosts.hosting import HostPatching
from toban.chapters.patching.models import PatchedHost
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs import orders
from toban.engine.runs.claiming.claim import LEASE
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason

pytestmark = [pytest.mark.django_db, pytest.mark.allow_hosts(LOOPBACK)]


class Killed(BaseException):
    """The worker is gone at once, as by kill -9."""


@pytest.fixture
def one(tmp_path: Path, hosts: list[AptHost]) -> Place:
    return Place(tmp_path, group("web", hosts[:1]) + TERMS)


def test_a_failure_in_staging_keeps_production_as_it_is_and_the_next_run_mends_it(
    tmp_path: Path, hosts: list[AptHost], repository: Repository
) -> None:
    staging, web, _ = hosts
    repository.add("openssl", "1.2", postinst="echo broken >&2; exit 7")
    place = Place(tmp_path, group("web", [web]) + group("try", [staging], "staging") + TERMS)

    assert place.patch() is RunReason.FAILED
    place.tell()

    assert place.verdict() is Verdict.DEVIATING
    assert staging.name in place.said()
    assert "途中のパッケージ: openssl" in place.said()
    assert place.hosts() == {staging.name: "failed"}
    assert web.version("curl") == "1.0"

    repository.add("openssl", "1.3")
    place.now += HOUR
    place.order()
    assert place.patch() is RunReason.SUCCEEDED, place.told()
    place.tell()
    assert place.verdict() is Verdict.CONFORMING
    assert (staging.version("openssl"), web.version("openssl")) == ("1.3", "1.3")


def test_a_disk_that_is_full_is_said_stops_the_run_and_is_mended_once_there_is_room(
    tmp_path: Path, hosts: list[AptHost], repository: Repository
) -> None:
    host, other, _ = hosts
    room = host.root / "room"
    # The kernel itself refuses to write there; what follows would push its words out of the last lines.
    broken = f"test -e {room} || {{ dd if=/dev/zero of=/dev/full count=1 || seq 9; exit 1; }}"
    repository.add("openssl", "1.2", postinst=broken)
    place = Place(tmp_path, group("web", [host, other]) + TERMS)

    assert place.patch() is RunReason.FAILED
    place.tell()

    assert "ディスクがいっぱい" in place.said()
    assert "No space left on device" in place.said()
    assert "途中のパッケージ: openssl" in place.said()
    assert place.hosts() == {host.name: "failed", other.name: "waiting"}
    assert other.version("openssl") == "1.0"

    room.touch()
    place.now += HOUR
    place.order()
    assert place.patch() is RunReason.SUCCEEDED, place.told()
    assert (host.version("openssl"), other.version("openssl")) == ("1.2", "1.2")


def test_a_host_that_could_only_be_repaired_is_not_conforming_before_a_new_plan(
    one: Place, hosts: list[AptHost]
) -> None:
    host = hosts[0]
    interrupted = (
        "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."
    )
    real = (host.root / "bin/apt-get").read_text().removeprefix("#!/bin/sh\n")
    left = host.root / "interrupted"
    left.touch()
    left.chmod(0o666)
    host.program(
        "apt-get",
        f'test -e {left} && case "$*" in *" upgrade") echo "{interrupted}"; exit 100;; esac\n{real}',
    )
    dpkg = (host.root / "bin/dpkg").read_text().removeprefix("#!/bin/sh\n")
    audit = 'echo " curl  made up"; exit 1'
    audit = f'test -e {left} && case "$*" in --audit) {audit};; *configure*) rm {left};; esac\n'
    host.program("dpkg", audit + dpkg)

    assert one.patch() is RunReason.NOT_RUNNABLE, one.told()
    one.tell()
    assert not left.exists()
    assert host.version("curl") == "1.0"
    assert one.verdict() is Verdict.DEVIATING
    assert host.name in one.said()

    one.now += HOUR
    one.order()
    assert one.patch() is RunReason.SUCCEEDED, one.told()
    assert host.version("curl") == "1.1"


@contextmanager
def health(host: AptHost) -> Iterator[int]:
    """Answer for all hosts that they are well, until *host* has its new version."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_unwell = self.path == f"/{host.name}" and host.version("curl") != "1.0"
            self.send_response(500 if is_unwell else 200)
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_host_that_is_not_well_stops_it_and_the_rest_is_named(tmp_path: Path, hosts: list[AptHost]) -> None:
    with health(hosts[1]) as port:
        more = f'health = "http://127.0.0.1:{port}/{{host}}"'
        place = Place(tmp_path, group("web", hosts, more=more) + TERMS)

        assert place.patch() is RunReason.FAILED
    place.tell()

    assert place.hosts() == {hosts[0].name: "done", hosts[1].name: "failed", hosts[2].name: "waiting"}
    assert f"始めていない: {hosts[2].name}" in place.said()
    assert "500" in place.said()
    assert hosts[2].version("curl") == "1.0"


def test_a_host_that_can_not_be_reached_is_named_and_the_others_are_patched(
    tmp_path: Path, hosts: list[AptHost]
) -> None:
    bindings = group("web", hosts[:1]).replace(
        f"hosts = ['{hosts[0].name}']", f"hosts = ['{hosts[0].name}', '127.0.0.5']"
    )
    place = Place(tmp_path, bindings + TERMS)

    assert place.patch() is RunReason.NOT_RUNNABLE
    place.tell()

    assert hosts[0].version("curl") == "1.1"
    assert place.verdict() is Verdict.DEVIATING
    assert "127.0.0.5" in place.said()


def test_a_worker_that_is_killed_anywhere_repeats_no_upgrade(
    one: Place, hosts: list[AptHost], repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    note, left = HostPatching._note, [0]

    def noted(self: HostPatching, **fields: Any) -> None:
        note(self, **fields)
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    monkeypatch.setattr(HostPatching, "_note", noted)
    host = hosts[0]
    assert one.patch() is RunReason.SUCCEEDED, one.told()
    for at in (1, 2, 3):
        repository.add("curl", f"2.{at}")
        one.now += HOUR
        one.order()
        assert one.work() is RunReason.AWAITING_APPROVAL, one.told()
        one.approve()
        left[0] = at
        with pytest.raises(Killed):
            one.work()
        one.now += 2 * LEASE
        assert one.work() is RunReason.SUCCEEDED, one.told()
        assert host.version("curl") == f"2.{at}"
        assert host.upgrades("curl") == 1 + at
        assert one.run().losses == 1


def test_two_runs_are_never_at_the_same_host(one: Place, hosts: list[AptHost]) -> None:
    other = Run.objects.create(
        work="patches/another row",
        due_at=TUESDAY,
        clause_id="x",
        document_digest="",
        ordered_by="schedule",
        state=Run.State.RUNNING,
        wake_at=TUESDAY + 24 * HOUR,
    )
    PatchedHost.objects.create(
        run=other.pk, host=hosts[0].name, group="web", stage="production", plan={}, began_at=TUESDAY
    )

    assert one.patch() is RunReason.POSTPONED, one.told()
    assert hosts[0].version("curl") == "1.0"
    assert f"#{other.pk}" in str(Run.objects.get(state=Run.State.WAITING).note)

    Run.objects.filter(pk=other.pk).update(state=Run.State.FAILED)
    assert one.work(one.now + HOUR / 60) is RunReason.SUCCEEDED, one.told()
    assert hosts[0].version("curl") == "1.1"


def test_an_upgrade_outlives_the_worker_that_ordered_it(
    one: Place, hosts: list[AptHost], repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.add("curl", "1.2", postinst="sleep 3")

    def die(*_arguments: object) -> None:
        raise Killed

    assert one.work(TUESDAY) is RunReason.AWAITING_APPROVAL
    one.approve()
    with monkeypatch.context() as patched:
        patched.setattr(f"{HostPatching.__module__}.time.sleep", die)
        with pytest.raises(Killed):
            one.work()
    hosts[0].remote.drop()
    one.now += 2 * LEASE

    assert one.work() is RunReason.SUCCEEDED, one.told()
    assert hosts[0].upgrades("curl") == 1
    assert PatchedHost.objects.get().tries == 1


def test_a_restart_is_ordered_once_and_seen_by_the_kernels_mark(tmp_path: Path, hosts: list[AptHost]) -> None:
    host = hosts[0]
    old = host.boot.read_text()
    host.program("needrestart", f'test "$(cat {host.boot})" = {old} && echo "NEEDRESTART-KSTA: 3"; exit 0')
    host.program("restart", f"date +%s >{host.boot}; echo once >>{host.root}/restarts")
    place = Place(tmp_path, group("web", [host], more='reboot_command = ["restart"]') + TERMS)

    assert place.patch() is RunReason.SUCCEEDED, place.told()

    row = PatchedHost.objects.get()
    assert row.restarted_at is not None
    assert row.back_at is not None
    assert (host.root / "restarts").read_text() == "once\n"


def test_what_was_approved_without_a_restart_is_not_restarted_before_a_plan_says_so(
    tmp_path: Path, hosts: list[AptHost]
) -> None:
    host = hosts[0]
    old, status = host.boot.read_text(), host.root / "var/lib/dpkg/status"
    host.program(
        "needrestart",
        f'test "$(cat {host.boot})" = {old} && grep -q "^Version: 1.1" {status}'
        ' && echo "NEEDRESTART-KSTA: 3"; exit 0',
    )
    host.program("restart", f"date +%s >{host.boot}; echo once >>{host.root}/restarts")
    place = Place(tmp_path, group("web", [host], more='reboot_command = ["restart"]') + TERMS)

    assert place.patch() is RunReason.NOT_RUNNABLE, place.told()
    place.tell()
    assert "再起動が必要です" in place.said()
    assert host.version("curl") == "1.1"
    assert not (host.root / "restarts").exists()

    place.now += HOUR
    place.order()
    assert place.work() is RunReason.AWAITING_APPROVAL, place.told()
    assert "ホストを再起動" in place.told()
    place.approve()
    assert place.work() is RunReason.SUCCEEDED, place.told()
    assert (host.root / "restarts").read_text() == "once\n"


def test_a_clock_that_is_set_is_no_restart(
    tmp_path: Path, hosts: list[AptHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = hosts[0]
    monkeypatch.setattr(f"{HostPatching.__module__}.BACK_WITHIN", timedelta(seconds=1))
    host.program("needrestart", 'echo "NEEDRESTART-KSTA: 3"')
    host.program("uptime", 'date "+%F %T"')
    host.program("restart", "exit 0")
    place = Place(tmp_path, group("web", [host], more='reboot_command = ["restart"]') + TERMS)

    assert place.patch() is RunReason.FAILED, place.told()

    assert PatchedHost.objects.get().back_at is None


def test_a_host_whose_restart_nobody_could_see_is_not_restarted(tmp_path: Path, hosts: list[AptHost]) -> None:
    host = hosts[0]
    host.boot.unlink()
    host.program("needrestart", 'echo "NEEDRESTART-KSTA: 3"')
    host.program("restart", f"echo once >>{host.root}/restarts")
    place = Place(tmp_path, group("web", [host], more='reboot_command = ["restart"]') + TERMS)

    assert place.patch() is RunReason.NOT_RUNNABLE, place.told()

    assert "boot_id" in place.told()
    assert not (host.root / "restarts").exists()


def test_a_restart_that_was_left_over_is_planned_although_there_is_nothing_to_install(
    tmp_path: Path, hosts: list[AptHost]
) -> None:
    host = hosts[0]
    install(host, {"curl": "1.1", "openssl": "1.1"})
    old = host.boot.read_text()
    host.program("needrestart", f'test "$(cat {host.boot})" = {old} && echo "NEEDRESTART-KSTA: 3"; exit 0')
    host.program("restart", f"date +%s >{host.boot}; echo once >>{host.root}/restarts")
    place = Place(tmp_path, group("web", [host], more='reboot_command = ["restart"]') + TERMS)

    assert place.patch() is RunReason.SUCCEEDED, place.told()

    assert (host.root / "restarts").read_text() == "once\n"


def test_a_restart_that_people_keep_for_themselves_deviates_until_a_plan_finds_it_done(
    tmp_path: Path, hosts: list[AptHost]
) -> None:
    host, other, _ = hosts
    host.program("needrestart", 'echo "NEEDRESTART-KSTA: 3"')
    place = Place(tmp_path, group("web", [host, other], more='reboot = "never"') + TERMS)
    assert place.patch() is RunReason.NOT_RUNNABLE
    assert other.version("curl") == "1.1"

    place.now += HOUR
    place.order()
    assert place.work() is RunReason.NOT_RUNNABLE
    place.tell()
    assert place.verdict() is Verdict.DEVIATING
    assert host.name in place.said()
    assert other.name not in place.said()

    host.program("needrestart", 'echo "NEEDRESTART-KSTA: 1"')
    place.now += HOUR
    place.order()
    assert place.work() is RunReason.SUCCEEDED, place.told()
    place.tell()
    assert place.verdict() is Verdict.CONFORMING


def test_a_restart_that_people_keep_for_themselves_is_a_deviation_until_then(
    tmp_path: Path, hosts: list[AptHost]
) -> None:
    host = hosts[0]
    host.program("needrestart", 'echo "NEEDRESTART-KSTA: 3"')
    place = Place(tmp_path, group("web", [host], more='reboot = "never"') + TERMS)

    assert place.patch() is RunReason.NOT_RUNNABLE
    place.tell()

    assert place.verdict() is Verdict.DEVIATING
    assert "再起動が必要です" in place.said()
    assert host.version("curl") == "1.1"


def test_what_was_not_approved_is_not_installed(
    tmp_path: Path, hosts: list[AptHost], repository: Repository
) -> None:
    # The second look at production would ask again.
    host, place = hosts[0], Place(tmp_path, group("try", hosts[:1], "staging") + TERMS)
    place.work(TUESDAY)
    place.approve()
    _need_another(host, repository)

    assert place.work() is RunReason.FAILED
    place.tell()

    assert "curl" in place.said()
    assert (host.version("curl"), host.version("openssl"), host.version("extra")) == ("1.0", "1.0", "")


def test_what_was_not_approved_for_production_is_asked_for_and_not_installed_before(
    one: Place, hosts: list[AptHost], repository: Repository
) -> None:
    host = hosts[0]
    one.work(TUESDAY)
    one.approve()
    _need_another(host, repository)

    assert one.work() is RunReason.AWAITING_APPROVAL, one.told()
    assert (host.version("curl"), host.version("openssl"), host.version("extra")) == ("1.0", "1.0", "")

    one.approve()
    assert one.work() is RunReason.SUCCEEDED, one.told()
    assert (host.version("curl"), host.version("extra")) == ("1.1+b1", "1.0")


def _need_another(host: AptHost, repository: Repository) -> None:
    """Replace the fix that was planned by one that needs another package."""
    repository.add("extra", "1.0")
    repository.add("curl", "1.1+b1", depends="extra")
    (repository.folder / "curl_1.1_all.deb").unlink()
    repository.publish()
    host.run("apt-get", "-q", "update")


def test_an_upgrade_that_would_remove_a_package_is_kept_back_and_deviates_unless_somebody_keeps_it(
    one: Place, hosts: list[AptHost], repository: Repository
) -> None:
    repository.add("curl", "1.2", conflicts="openssl")

    assert one.work(TUESDAY) is RunReason.NOT_RUNNABLE
    one.tell()
    assert one.verdict() is Verdict.DEVIATING
    assert f"{hosts[0].name}: curl 1.0 → 1.2" in one.said()

    hosts[0].run("apt-mark", "hold", "curl", "openssl")
    one.now += HOUR
    one.order()
    assert one.work() is RunReason.SUCCEEDED, one.told()
    assert "据え置き2件" in str(one.run().note)
    assert (hosts[0].version("openssl"), hosts[0].version("curl")) == ("1.0", "1.0")


def test_a_run_that_is_called_off_lets_the_host_finish_and_begins_no_other(
    tmp_path: Path, hosts: list[AptHost], repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.add("curl", "1.2", postinst="sleep 2")
    place = Place(tmp_path, group("web", hosts[:2]) + TERMS)
    place.work(TUESDAY)
    place.approve()
    (key,) = place.works
    held = taken(place.works, "worker", place.now)
    assert held is not None
    hand = place.hand(held)
    sleep = time.sleep

    def cancelled(seconds: float) -> None:
        orders.cancel(key, by="kai", now=place.now)
        hand.stop(RunReason.CANCELLED)
        monkeypatch.setattr(f"{HostPatching.__module__}.time.sleep", sleep)

    monkeypatch.setattr(f"{HostPatching.__module__}.time.sleep", cancelled)
    assert place.go(hand) is RunReason.CANCELLED

    assert Run.objects.latest("pk").state == Run.State.CANCELLED
    assert (hosts[0].version("curl"), hosts[1].version("curl")) == ("1.2", "1.0")
