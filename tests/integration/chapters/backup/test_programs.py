"""PostgreSQL's programs: where they are, and which account can start them."""

import os
from pathlib import Path

import pytest
from tests.integration.chapters.backup.postgres18 import programs

from toban.chapters.backup.bindings import DrillBinding
from toban.chapters.backup.drills import postgres
from toban.message import Message


def test_obstacles_to_a_drill_are_reported_in_advance(tmp_path: Path) -> None:
    settings = DrillBinding(binaries=tmp_path, folder=tmp_path / "absent", account="nobody")

    told = list(postgres.drill_doubts(settings))

    programs_missing, not_writable = told
    assert isinstance(programs_missing, Message)
    assert "PostgreSQL のプログラムがありません" in str(programs_missing)
    assert isinstance(not_writable, tuple)
    assert str(not_writable[0]) == f"訓練: {tmp_path}/absent に書けません"
    assert not_writable[0].in_language("en") == f"Drill: {tmp_path}/absent is not writable"


def test_programs_are_found_behind_a_link_that_their_account_cannot_follow(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "link").symlink_to(programs())

    found = postgres.find_programs(tmp_path / "link", "18.1", postgres.account_for("nobody"))

    assert found is not None
    assert "PostgreSQL" in found.run("pg_ctl", "--version")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another account")
def test_programs_their_account_cannot_start_are_reported_before_restoring(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.1'\n")
    (tmp_path / "postgres").chmod(0o755)

    (told,) = postgres.drill_doubts(DrillBinding(binaries=tmp_path, account="nobody"))

    assert str(told) == f"訓練: アカウント nobody では{tmp_path}/postgres を起動できません: Permission denied"
