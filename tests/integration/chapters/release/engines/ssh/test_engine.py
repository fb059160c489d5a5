"""Versions on three machines with a real sshd each: brought there, switched, put back, removed."""

import hashlib
import os
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.chapters.release.engines.ssh.fleet import (
    LOOPBACK,
    NOBODY,
    RESTART,
    Machines,
    Watch,
    artifact,
)

from toban.chapters.release.engine import Artifact, DeployFailed
from toban.chapters.release.engines.ssh.engine import SshEngine
from toban.chapters.release.engines.ssh.link import Fleet
from toban.chapters.release.engines.ssh.switching import Switch
from toban.engine.runs.rules import RunReason

pytestmark = pytest.mark.allow_hosts(LOOPBACK)


def bring(engine: SshEngine, *versions: Artifact) -> None:
    """Release the *versions*, one after another."""
    for version in versions:
        engine.install(version, Watch())
        engine.switch(version, Watch())


def failure(act: Callable[[], object]) -> DeployFailed:
    with pytest.raises(DeployFailed) as failed:
        act()
    return failed.value


def test_a_version_is_brought_and_then_served_everywhere(shops: Machines, tmp_path: Path) -> None:
    engine, version, watch = shops.engine(), artifact(tmp_path, "v1", size=3_000_000), Watch()

    engine.install(version, watch)
    before = engine.serving()
    engine.switch(version, Watch())

    assert set(before.values()) == {""}
    assert watch.percents[-1] == 100
    assert engine.installed() == {version.digest}
    assert engine.serving() == dict.fromkeys((each.name for each in shops.all), version.digest)
    assert [each.serves() for each in shops.all] == ["v1", "v1", "v1"]
    assert [each.link() for each in shops.all] == ["v1", "v1", "v1"]
    assert [list(each.restarts()) for each in shops.all] == [["v1"]] * 3


def test_repeating_what_is_done_changes_nothing(shops: Machines, tmp_path: Path) -> None:
    engine, version = shops.engine(), artifact(tmp_path, "v1")

    bring(engine, version, version)

    assert [list(each.restarts()) for each in shops.all] == [["v1"]] * 3
    assert [len(each.versions()) for each in shops.all] == [1, 1, 1]


def test_the_way_back_needs_no_archive(shops: Machines, tmp_path: Path) -> None:
    engine, old, new = shops.engine(), artifact(tmp_path, "v1"), artifact(tmp_path, "v2")
    bring(engine, old, new)

    engine.switch(replace(old, archive=None), Watch(), back=True)

    assert shops.versions() == {"v1"}
    assert engine.installed() == {old.digest, new.digest}


def test_an_unhealthy_version_reaches_only_the_first_wave(shops: Machines, tmp_path: Path) -> None:
    engine = shops.engine(health=shops.gated("300ms"), waves=(1, "100%"))
    old, bad = artifact(tmp_path, "v1"), artifact(tmp_path, "bad")
    bring(engine, old)
    engine.install(bad, Watch())

    failed = failure(lambda: engine.switch(bad, Watch()))

    assert shops.versions() == {"v1"}
    assert [list(each.restarts()) for each in shops.all] == [["v1", "bad", "v1"], ["v1"], ["v1"]]
    assert "127.0.0.2: http://127.0.0.2" in str(failed)
    assert "元の版に戻しました" in str(failed)
    assert not failed.retry
    assert set(engine.serving().values()) == {old.digest}


def test_where_nothing_served_before_nothing_serves_after_a_failure(shops: Machines, tmp_path: Path) -> None:
    engine, bad = shops.engine(health=shops.gated("300ms")), artifact(tmp_path, "bad")
    engine.install(bad, Watch())

    failure(lambda: engine.switch(bad, Watch()))

    assert set(engine.serving().values()) == {""}


def test_a_restart_that_fails_on_the_last_host_is_undone_on_all(shops: Machines, tmp_path: Path) -> None:
    command = f'{RESTART[2]}; [ "$RELEASE_VERSION" = v1 ] || [ ! -e ../../../broken ]'
    engine = shops.engine(restart=("sh", "-c", command), waves=("100%",))
    old, new = artifact(tmp_path, "v1"), artifact(tmp_path, "v2")
    bring(engine, old)
    engine.install(new, Watch())
    (shops.all[-1].home / "broken").touch()

    failed = failure(lambda: engine.switch(new, Watch()))

    assert shops.versions() == {"v1"}
    assert [each.restarts()[-2:] for each in shops.all] == [["v2", "v1"]] * 3
    assert "127.0.0.4: コマンドが終了コード 1 で終わりました" in str(failed)


def test_with_a_host_away_nothing_is_switched(shops: Machines, tmp_path: Path) -> None:
    engine, old, new = shops.engine(), artifact(tmp_path, "v1"), artifact(tmp_path, "v2")
    bring(engine, old)
    engine.install(new, Watch())
    away = shops.engine(hosts=(*(each.name for each in shops.all), NOBODY))

    switching = failure(lambda: away.switch(new, Watch()))
    installing = failure(lambda: away.install(new, Watch()))
    looking = failure(away.serving)

    assert shops.versions() == {"v1"}
    assert [list(each.restarts()) for each in shops.all] == [["v1"]] * 3
    for each in (switching, installing, looking):
        assert NOBODY in str(each)
    assert "何も切り替えていません" in str(switching)
    engine.switch(old, Watch())
    assert [list(each.restarts()) for each in shops.all] == [["v1"]] * 3


def test_the_way_back_does_not_wait_for_a_host_that_is_down(shops: Machines, tmp_path: Path) -> None:
    engine, old, new = shops.engine(), artifact(tmp_path, "v1"), artifact(tmp_path, "v2")
    bring(engine, old, new)
    away = shops.engine(hosts=(NOBODY, *(each.name for each in shops.all)))

    failed = failure(lambda: away.switch(old, Watch(), back=True))

    assert shops.versions() == {"v1"}
    assert NOBODY in str(failed)
    assert "ほかのホストは v1 に戻りました" in str(failed)
    assert failed.retry


def test_a_host_that_is_lost_during_its_restart_is_put_back_when_it_answers_again(
    shops: Machines, tmp_path: Path
) -> None:
    old, new, middle = artifact(tmp_path, "v1"), artifact(tmp_path, "v2"), shops.all[1]
    bring(shops.engine(), old)
    shops.engine().install(new, Watch())
    engine = shops.engine(restart=("sh", "-c", f"{RESTART[2]}; echo switched; sleep 0.3"))

    class Cutting(Watch):
        def say(self, text: object) -> None:
            if f"{middle.name}: switched" in str(text) and not self.said:
                middle.host.drop()
                self.said.append("dropped")

    failed = failure(lambda: engine.switch(new, Cutting()))

    assert shops.versions() == {"v1"}
    assert [each.link() for each in shops.all] == ["v1"] * 3
    assert "127.0.0.3" in str(failed)
    assert failed.retry


def test_a_stopped_switch_is_put_back(shops: Machines, tmp_path: Path) -> None:
    old, new = artifact(tmp_path, "v1"), artifact(tmp_path, "v2")
    bring(shops.engine(), old)
    shops.engine().install(new, Watch())
    slow = shops.engine(
        restart=("sh", "-c", f'{RESTART[2]}; echo up; [ "$RELEASE_VERSION" = v1 ] || sleep 60')
    )

    failed = failure(lambda: slow.switch(new, Watch(stop_after="127.0.0.2: up")))

    assert shops.versions() == {"v1"}
    assert "途中で止められました" in str(failed)


def test_a_worker_that_was_replaced_puts_nothing_back(shops: Machines, tmp_path: Path) -> None:
    old, new = artifact(tmp_path, "v1"), artifact(tmp_path, "v2")
    bring(shops.engine(), old)
    shops.engine().install(new, Watch())
    slow = shops.engine(restart=("sh", "-c", f"{RESTART[2]}; echo up; sleep 60"))

    failure(lambda: slow.switch(new, Watch(stop_after="127.0.0.2: up", reason=RunReason.FENCED)))

    assert [each.serves() for each in shops.all] == ["v2", "v1", "v1"]
    shops.engine().switch(new, Watch())
    assert shops.versions() == {"v2"}


def test_an_attempt_that_was_followed_by_another_can_not_come_late(shops: Machines, tmp_path: Path) -> None:
    engine, old, new = shops.engine(), artifact(tmp_path, "v1"), artifact(tmp_path, "v2")
    bring(engine, old)
    engine.install(new, Watch())
    watch, hosts = Watch(), {name: engine.config.way(name) for name in engine.config.hosts}
    with Fleet(hosts, {}, watch) as fleet:
        late = Switch(engine.config, fleet, watch, new)
        late._prepare()
        engine.switch(new, Watch())
        engine.switch(old, Watch())
        with pytest.raises(Exception, match="切り替えられない"):
            late._switch(engine.config.hosts)

    assert shops.versions() == {"v1"}
    assert [each.link() for each in shops.all] == ["v1"] * 3


def test_a_cut_off_upload_leaves_no_version_and_can_be_repeated(shops: Machines, tmp_path: Path) -> None:
    engine, version, last = shops.engine(), artifact(tmp_path, "v1", size=40_000_000), shops.all[-1]

    class Cutting(Watch):
        def progress(self, percent: float | None, text: object = None) -> None:  # noqa: ARG002
            if not self.said and percent:
                last.host.drop()
                self.said.append("dropped")

    failed = failure(lambda: engine.install(version, Cutting()))
    left = engine.installed()
    engine.install(version, Watch())

    assert "127.0.0.4" in str(failed)
    assert failed.retry
    assert left == set()
    assert engine.installed() == {version.digest}
    assert [each.versions() for each in shops.all] == [{version.digest[:12]}] * 3


def test_an_archive_that_is_not_what_was_approved_is_refused_by_the_host(
    shops: Machines, tmp_path: Path
) -> None:
    engine, version = shops.engine(), artifact(tmp_path, "v1")
    other = replace(version, archive=artifact(tmp_path, "v2").archive)

    failed = failure(lambda: engine.install(other, Watch()))

    assert "SHA-256" in str(failed)
    assert [each.versions() for each in shops.all] == [set()] * 3


def test_shared_files_are_linked_and_must_be_there(shops: Machines, tmp_path: Path) -> None:
    engine = shops.engine(shared=("log/", "config/secret.env"))
    version = artifact(tmp_path, "v1", {"config/secret.env": "from the repository", "log/old": "x"})

    missing = failure(lambda: engine.install(version, Watch()))
    for each in shops.all:
        (each.shop / "shared" / "config").mkdir()
        (each.shop / "shared" / "config" / "secret.env").write_text("of this host")
    engine.install(version, Watch())

    assert "shared/config/secret.env" in str(missing)
    for each in shops.all:
        (folder,) = (each.shop / "releases").iterdir()
        assert (folder / "config" / "secret.env").read_text() == "of this host"
        assert (folder / "log").resolve() == (each.shop / "shared" / "log").resolve()


def test_a_link_in_the_archive_leads_no_removal_out_of_the_version(shops: Machines, tmp_path: Path) -> None:
    archive = tmp_path / "linked.tar"
    with tarfile.open(archive, "w") as tar:
        member = tarfile.TarInfo("config")
        member.type, member.linkname = tarfile.SYMTYPE, "../../../precious"
        tar.addfile(member)
    version = Artifact("shop", hashlib.sha256(archive.read_bytes()).hexdigest(), "c" * 40, "v1", archive)
    for each in shops.all:
        for folder in ("precious/secret", "shop/shared/config/secret"):
            (each.home / folder).mkdir(parents=True)
        for path in (each.home / "precious", each.shop, *each.shop.rglob("*")):
            os.chown(path, each.home.stat().st_uid, each.home.stat().st_gid)

    failure(lambda: shops.engine(shared=("config/secret",)).install(version, Watch()))

    assert all((each.home / "precious" / "secret").exists() for each in shops.all)


def test_the_database_is_migrated_once_on_the_first_host_and_not_on_the_way_back(
    shops: Machines, tmp_path: Path
) -> None:
    command = 'echo "$RELEASE_VERSION" >>../../../migrated; [ "$RELEASE_VERSION" != v3 ]'
    engine = shops.engine(migrate=("sh", "-c", command))
    old, new, wrong = (artifact(tmp_path, label) for label in ("v1", "v2", "v3"))

    bring(engine, old, new)
    engine.switch(old, Watch(), back=True)
    engine.install(wrong, Watch())
    failed = failure(lambda: engine.switch(wrong, Watch()))

    assert [(each.home / "migrated").exists() for each in shops.all] == [True, False, False]
    assert (shops.all[0].home / "migrated").read_text().split() == ["v1", "v2", "v3"]
    assert "何も切り替えていません" in str(failed)
    assert shops.versions() == {"v1"}


def test_pruning_spares_what_serves_what_is_kept_and_what_is_not_tobans(
    shops: Machines, tmp_path: Path
) -> None:
    engine = shops.engine()
    versions = [artifact(tmp_path, f"v{number}") for number in range(5)]
    bring(engine, *versions)
    engine.switch(versions[2], Watch())
    for each in shops.all:
        for name in ("20261128101010", f".incoming-{'a' * 12}.7"):
            (each.shop / "releases" / name).mkdir()
            os.chown(each.shop / "releases" / name, each.home.stat().st_uid, -1)

    engine.prune({versions[4].digest})

    kept = {versions[2].digest[:12], versions[4].digest[:12], "20261128101010"}
    assert [each.versions() for each in shops.all] == [kept] * 3
    assert engine.installed() == {versions[2].digest, versions[4].digest}


def test_a_link_of_another_tool_is_followed_back(shops: Machines, tmp_path: Path) -> None:
    for each in shops.all:
        older = each.shop / "releases" / "20261128101010"
        older.mkdir(parents=True)
        (older / "version").write_text("by-hand")
        (each.shop / "current").symlink_to(older)
        for path in (each.shop, each.shop / "releases"):
            os.chown(path, each.home.stat().st_uid, -1)
    engine, bad = shops.engine(health=shops.gated("300ms")), artifact(tmp_path, "bad")
    engine.install(bad, Watch())

    failure(lambda: engine.switch(bad, Watch()))

    assert [each.link() for each in shops.all] == ["by-hand"] * 3
    assert shops.all[0].serves() == "by-hand"
    assert set(engine.serving().values()) == {""}


def test_a_folder_in_the_place_of_the_link_is_not_touched(shops: Machines, tmp_path: Path) -> None:
    engine, version = shops.engine(), artifact(tmp_path, "v1")
    engine.install(version, Watch())
    current = shops.all[1].shop / "current"
    current.mkdir()

    failed = failure(lambda: engine.switch(version, Watch()))

    assert "127.0.0.3: current がリンクではありません" in str(failed)
    assert current.is_dir()
    assert [each.link() for each in shops.all] == ["", "", ""]


def test_a_link_that_somebody_changed_is_seen(shops: Machines, tmp_path: Path) -> None:
    engine, old, new = shops.engine(), artifact(tmp_path, "v1"), artifact(tmp_path, "v2")
    bring(engine, old, new)
    current = shops.all[1].shop / "current"
    current.unlink()
    current.symlink_to(f"releases/{old.digest[:12]}")

    assert engine.serving() == {
        "127.0.0.2": new.digest,
        "127.0.0.3": old.digest,
        "127.0.0.4": new.digest,
    }


def test_output_of_commands_is_told_with_the_hosts_name(shops: Machines, tmp_path: Path) -> None:
    engine, version, watch = (
        shops.engine(restart=("echo", "restarted by systemd")),
        artifact(tmp_path, "v1"),
        Watch(),
    )
    engine.install(version, watch)

    engine.switch(version, watch)

    assert "127.0.0.2: restarted by systemd" in watch.said


def test_connections_that_broke_between_two_acts_are_made_again(shops: Machines, tmp_path: Path) -> None:
    engine, version = shops.engine(), artifact(tmp_path, "v1")
    engine.install(version, Watch())
    for each in shops.all:
        each.host.drop()

    engine.switch(version, Watch())

    assert shops.versions() == {"v1"}


def test_no_word_of_a_path_or_a_version_is_read_by_a_shell(shops: Machines, tmp_path: Path) -> None:
    path, label = 'it\'s $(touch owned); `touch owned` "shop" *', "v1 $(touch owned)\nv2"
    engine, version = shops.engine(path=path, restart=()), replace(artifact(tmp_path, "v1"), label=label)

    bring(engine, version)
    engine.prune(())

    assert engine.installed() == {version.digest}
    for each in shops.all:
        assert {found.name for found in each.home.iterdir()} == {path}
        release = each.home / path / "current" / ".toban-release"
        assert release.read_text().splitlines() == [version.digest, label.replace("\n", " "), version.commit]
