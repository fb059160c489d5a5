"""The settings for the recovery of a restored server."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.unit.chapters.backup.engines.native.taken import FULL

from toban.chapters.backup.engine import RestoreOrder
from toban.chapters.backup.engines.native.restoring.combine import plain_label
from toban.chapters.backup.engines.native.restoring.recover import recovery_settings, without_old_orders

NOON = datetime(2026, 4, 1, 12, tzinfo=timezone(timedelta(hours=9)))


@pytest.mark.parametrize(
    ("order", "stop_at", "lines"),
    [
        ({}, None, []),
        ({"to": NOON}, NOON, ["recovery_target_time = '2026-04-01 03:00:00.000000+00'"]),
        ({"to": NOON}, None, []),
        ({"to_lsn": "0/50"}, None, ["recovery_target_lsn = '0/50'", "recovery_target_inclusive = off"]),
        ({"follows_log": False}, None, ["recovery_target = 'immediate'"]),
    ],
)
def test_at_most_one_recovery_target_is_set(
    order: dict[str, object], stop_at: datetime | None, lines: list[str]
) -> None:
    wanted = RestoreOrder(chain=[FULL], into=Path("back"), **order)  # type: ignore[arg-type]

    said = recovery_settings(wanted, 3, stop_at)

    assert said[4:] == lines
    assert said[1:3] == ["restore_command = 'false'", "recovery_target_timeline = '3'"]


def test_settings_of_an_earlier_recovery_are_left_out() -> None:
    text = "work_mem = '8MB'\n recovery_target_time = 'x'\nRESTORE_COMMAND='y'\n# recovery_target\n"

    assert without_old_orders(text) == ["work_mem = '8MB'", "# recovery_target"]


def test_a_combined_backup_label_does_not_mention_the_increment() -> None:
    text = b"START WAL LOCATION: 0/2\nINCREMENTAL FROM LSN: 0/1\nINCREMENTAL FROM TLI: 1\nLABEL: x\n"

    assert plain_label(text) == b"START WAL LOCATION: 0/2\nLABEL: x\n"
