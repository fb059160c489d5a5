"""The commands of pgBackRest as values."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from toban.chapters.backup.engines.pgbackrest import commands
from toban.chapters.backup.engines.pgbackrest.commands import PgBackRest

PLAIN = PgBackRest("shop")


def test_a_backup_carries_tobans_label_and_expires_nothing() -> None:
    command = PgBackRest("shop", ("sudo", "-u", "postgres", "pgbackrest"), Path("/etc/p.conf"), 2)

    assert command.backup("diff", "20261125T030000Z-incr").arguments == (
        "sudo",
        "-u",
        "postgres",
        "pgbackrest",
        "backup",
        "--config=/etc/p.conf",
        "--stanza=shop",
        "--repo=2",
        "--type=diff",
        "--annotation=toban=20261125T030000Z-incr",
        "--no-expire-auto",
        "--repo2-retention-full=9999999",
        "--log-level-console=detail",
        "--log-level-stderr=warn",
    )


def test_removing_a_backup_keeps_the_log_of_the_remaining_full_backups() -> None:
    assert PLAIN.remove("20261124-020003F", fulls_left=3).arguments == (
        "pgbackrest",
        "expire",
        "--stanza=shop",
        "--repo=1",
        "--set=20261124-020003F",
        "--repo1-retention-full=9999999",
        "--repo1-retention-archive-type=full",
        "--repo1-retention-archive=3",
        "--log-level-console=off",
        "--log-level-stderr=warn",
    )


def test_a_restore_to_a_moment_uses_a_separate_folder_and_archives_nothing() -> None:
    noon = datetime(2026, 11, 25, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=9)))

    command = PLAIN.restore("20261124-020003F", Path("/r/shop"), commands.to_moment(noon), goes_on=False)

    assert command.arguments[3:] == (
        "--repo=1",
        "--set=20261124-020003F",
        "--pg1-path=/r/shop",
        "--tablespace-map-all=/r/shop.tablespaces",
        "--archive-mode=off",
        "--log-level-console=detail",
        "--type=time",
        "--target=2026-11-25 03:00:00.000005+00",
        "--target-action=promote",
        "--log-level-stderr=warn",
    )


def test_an_interrupted_restore_resumes_with_delta() -> None:
    command = PLAIN.restore("20261124-020003F", Path("/r/shop"), commands.to_the_end(), goes_on=True)

    assert "--delta" in command.arguments
    assert "--type=default" in command.arguments


def test_a_target_position_is_exclusive() -> None:
    assert commands.to_position("0/3000028") == {
        "type": "lsn",
        "target": "0/3000028",
        "target-exclusive": "y",
        "target-action": "promote",
    }


def test_a_target_time_is_given_in_utc() -> None:
    assert commands.to_moment(datetime(2026, 11, 25, tzinfo=UTC))["target"] == "2026-11-25 00:00:00.000000+00"
