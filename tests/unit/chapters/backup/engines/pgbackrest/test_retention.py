"""By what pgBackRest's own configuration removes backups, with its ranks of sections."""

from pathlib import Path

import pytest

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.pgbackrest.config import PgBackRestBackup
from toban.chapters.backup.engines.pgbackrest.retention import own_keeping
from toban.design.values.backup_method import BackupMethod


def kept(tmp_path: Path, text: str, method: BackupMethod = BackupMethod.FULL, **more: object) -> list[str]:
    file = tmp_path / "pgbackrest.conf"
    file.write_text(text, encoding="utf-8")
    config = PgBackRestBackup.model_validate({"stanza": "main", "config": file, **more})
    return [str(each) for each in own_keeping(config, method)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[global]\nrepo1-retention-full=7\n", ["7世代"]),
        ("[global]\nrepo1-retention-full=7\n[main]\nrepo1-retention-full=14\n", ["14世代"]),
        ("[main]\nrepo1-retention-full=14\n[global:expire]\nrepo1-retention-full=2\n", ["14世代"]),
        ("[main]\nrepo1-retention-full=14\n[main:expire]\nrepo1-retention-full=2\n", ["2世代"]),
        ("[global]\nrepo1-retention-full=30\nrepo1-retention-full-type=time\n", ["30日"]),
        ("[global]\nrepo2-retention-full=7\n[other]\nrepo1-retention-full=3\n", []),
        ("[global]\nrepo1-retention-full=9999999\n", []),
        ("[global]\nrepo1-retention-full=many\n", []),
        ("[global]\n# repo1-retention-full=7\n", []),
        ("", []),
    ],
)
def test_the_section_nearest_to_the_stanza_and_the_command_decides(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert kept(tmp_path, text) == expected


def test_an_increment_has_a_count_of_its_own_if_it_is_based_on_the_full_backup(tmp_path: Path) -> None:
    text = "[global]\nrepo1-retention-full=7\nrepo1-retention-diff=24\n"

    assert kept(tmp_path, text, BackupMethod.INCREMENTAL) == ["24世代"]
    assert kept(tmp_path, text, BackupMethod.INCREMENTAL, increments="incr") == []


@pytest.mark.parametrize("text", ["no section\n", "[global\n"])
def test_what_is_no_configuration_is_said_without_its_content(tmp_path: Path, text: str) -> None:
    with pytest.raises(BackupFailed) as raised:
        kept(tmp_path, text + "repo1-cipher-pass=hidden\n")

    assert "hidden" not in str(raised.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    config = PgBackRestBackup.model_validate({"stanza": "main", "config": tmp_path / "gone"})

    with pytest.raises(BackupFailed, match="gone"):
        own_keeping(config, BackupMethod.FULL)
