"""Parsing pgBackRest's answers."""

import json
from datetime import UTC, datetime

import pytest

from toban.chapters.backup.engine import WalPosition
from toban.chapters.backup.engines.pgbackrest.info import (
    UnreadableInfo,
    read_info,
    read_progress,
    read_troubles,
)


def backup(label: str, kind: str, **more: object) -> dict[str, object]:
    return {
        "archive": {"start": "0000000A0000000100000003", "stop": "0000000A0000000100000004"},
        "backrest": {"format": 5, "version": "2.55.1"},
        "database": {"id": 2, "repo-key": 1},
        "error": False,
        "info": {"delta": 8, "repository": {"delta": 3}, "size": 100},
        "label": label,
        "lsn": {"start": "1/3000028", "stop": "1/4000050"},
        "prior": None,
        "reference": None,
        "timestamp": {"start": 1795580149, "stop": 1795580150},
        "type": kind,
        **more,
    }


def answer(*backups: dict[str, object], code: int = 0) -> bytes:
    stanza = {
        "backup": backups,
        "db": [
            {"id": 1, "repo-key": 1, "system-id": 1, "version": "16"},
            {"id": 2, "repo-key": 1, "system-id": 7711958010242395528, "version": "17"},
        ],
        "name": "shop",
        "status": {"code": code, "message": "ok"},
    }
    return json.dumps([{"name": "another"}, stanza]).encode()


def test_a_backup_is_read_with_the_id_of_its_cluster() -> None:
    (copy,) = read_info(answer(backup("20261125-041549F", "full")), "shop").copies

    assert (copy.system_id, copy.server_version) == ("7711958010242395528", "17")
    assert (copy.start, copy.end) == (WalPosition(10, "1/3000028"), WalPosition(10, "1/4000050"))
    assert copy.ended_at == datetime.fromtimestamp(1795580150, UTC)
    assert (copy.source_bytes, copy.repo_bytes, copy.toban, copy.prior) == (100, 3, "", "")


def test_the_root_of_an_increment_is_its_full_backup_however_long_the_chain() -> None:
    stanza = read_info(
        answer(
            backup("20261124-020000F", "full", annotation={"toban": "yesterday"}),
            backup("20261124-020000F_20261124-030000I", "incr", prior="20261124-020000F"),
            backup("20261124-020000F_20261124-040000I", "incr", prior="20261124-020000F_20261124-030000I"),
        ),
        "shop",
    )

    assert stanza.root(stanza.copies[2]).toban == "yesterday"
    assert [each.label for each in stanza.fulls] == ["20261124-020000F"]
    assert stanza.made_for("yesterday") == stanza.copies[0]
    assert stanza.made_for("today") is None


@pytest.mark.parametrize(("code", "usable"), [(0, True), (1, False), (2, True), (3, False), (99, False)])
def test_a_stanza_without_backups_is_usable_and_one_without_a_path_is_not(code: int, usable: bool) -> None:
    assert read_info(answer(code=code), "shop").is_usable is usable


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b"null", b'[{"name": "shop"}]', b"ERROR: [031]"])
def test_an_unexpected_answer_is_quoted(said: bytes) -> None:
    with pytest.raises(UnreadableInfo) as failure:
        read_info(said, "shop")

    assert said.decode() in str(failure.value)


@pytest.mark.parametrize(
    ("line", "percent"),
    [
        ("P01 DETAIL: backup file /data/base/5/1255 (712KB, 25.55%) checksum 03a", 25.55),
        ("P01 DETAIL: restore file /r/base/5/1255 (1.2GB, 100.00%) checksum 03a", 100.0),
        ("P00   INFO: full backup size = 29.4MB, file total = 969", None),
    ],
)
def test_progress_is_read_from_the_lines_about_files(line: str, percent: float | None) -> None:
    assert read_progress(line) == percent


WHOLE = """\
stanza: shop
status: ok
  archiveId: 17-1, total WAL checked: 6, total valid WAL: 6
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261125-041549F, status: valid, total files checked: 969, total valid files: 969
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
"""


def test_an_undamaged_backup_has_no_problems() -> None:
    assert read_troubles(WHOLE) == []


def test_a_damaged_file_is_a_problem_of_its_backup() -> None:
    said = """\
stanza: shop
status: error
  archiveId: 17-1, total WAL checked: 6, total valid WAL: 6
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261125-041549F, status: invalid, total files checked: 970, total valid files: 969
    missing: 0, checksum invalid: 1, size invalid: 0, other: 0
"""
    assert read_troubles(said) == [
        "20261125-041549F: invalid (missing: 0, checksum invalid: 1, size invalid: 0, other: 0)"
    ]


def test_missing_log_is_a_problem_although_the_backup_is_valid() -> None:
    said = WHOLE.replace("total valid WAL: 6\n    missing: 0", "total valid WAL: 5\n    missing: 1")

    (trouble,) = read_troubles(said)

    assert "archiveId: 17-1" in trouble
    assert "missing: 1" in trouble


def test_an_error_without_details_is_quoted_completely() -> None:
    assert read_troubles("stanza: shop\nstatus: error\n  no backups exist in the repo") == [
        "stanza: shop\nstatus: error\n  no backups exist in the repo"
    ]


@pytest.mark.parametrize("said", ["", "ERROR: [031]: option 'set' not valid for command 'verify'"])
def test_an_answer_without_a_status_is_unreadable(said: str) -> None:
    with pytest.raises(UnreadableInfo):
        read_troubles(said)
