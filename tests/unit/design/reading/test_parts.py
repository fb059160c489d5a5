"""A procedure is read whole or not at all."""

import pytest
from tests.unit.design.conftest import Read

from toban.design.clauses.backup import BackupProcedure, RestoreProcedure
from toban.design.clauses.incident import IncidentFlow
from toban.design.clauses.release import RollbackProcedure
from toban.design.reader import Design

DUMP = ("```bash", "pg_dump -Fc shop > /backup/shop.dump", "```", "")
LOAD = ("```bash", "pg_restore -d shop /backup/shop.dump", "```", "")
UNPACK = ("```bash", "gunzip /backup/shop.sql.gz", "```", "")


def kept(design: Design) -> list[type]:
    return [type(clause) for clause in design.clauses]


def reasons(design: Design) -> set[str]:
    return {row.reason.code for row in design.unread}


def test_several_blocks_for_one_end_are_parts_of_it(read: Read) -> None:
    design = read(
        "## Restore procedure", *UNPACK, "Then load it into an empty database, which takes long.", *LOAD
    )

    assert kept(design) == []
    assert reasons(design) == {"design.part-of-a-procedure"}


def test_a_block_between_numbered_steps_is_one_of_them(read: Read) -> None:
    design = read("## Restore procedure", "1. Stop the shop", "", *LOAD, "2. Start the shop")

    assert kept(design) == []
    assert "design.part-of-a-procedure" in reasons(design)


@pytest.mark.parametrize(
    "heading", ["### Step 6: Restore", "### 手順3: リストア", "### Part 4: Restore the dump"]
)
def test_a_step_has_a_heading_of_a_step(read: Read, heading: str) -> None:
    assert kept(read("## Recovery", heading, *LOAD)) == []


def test_a_numbered_heading_below_a_procedure_is_a_step(read: Read) -> None:
    assert kept(read("## Recovery procedure", "### 3. Restore the base backup", *LOAD)) == []
    assert kept(read("## Recovery", "### 3. Restore the base backup", *LOAD)) == [RestoreProcedure]


def test_a_step_may_stand_in_a_caption(read: Read) -> None:
    step = ("**Step 3: Restore the orders**", *LOAD)

    assert kept(read("## Restore the server", *step)) == [RestoreProcedure]
    assert kept(read("## Restore the server", *step, "**Step 4: Keep a copy**", *DUMP)) == []


def test_blocks_for_different_ends_are_whole(read: Read) -> None:
    design = read("## Database backup", *DUMP, "To restore it:", "", *LOAD, "- Ready")

    assert BackupProcedure in kept(design)


def test_a_script_is_whole_whatever_stands_beside_it(read: Read) -> None:
    script = ("```bash", "#!/bin/sh", "pg_dump -Fc shop > /backup/shop.dump", "```", "")

    assert kept(read("## Backup", *script, "Run by hand:", "", *DUMP)) == [BackupProcedure]


def test_one_of_two_lists_is_no_flow(read: Read) -> None:
    flow = ("1. Acknowledge the alert", "2. Find the cause")

    assert kept(read("## Incident response", *flow)) == [IncidentFlow]
    assert (
        kept(read("## Incident response", *flow, "", "Afterwards", "", "1. Tell the users", "2. Close")) == []
    )


@pytest.mark.parametrize("heading", ["## Verifying a rollback", "## ロールバックの確認"])
def test_what_is_checked_after_a_rollback_is_no_rollback(read: Read, heading: str) -> None:
    assert read(heading, "1. The old image runs", "2. The release is gone").of(RollbackProcedure) == ()


@pytest.mark.parametrize(
    "commands",
    [
        (
            "# Option A: with the tool",
            "shopctl restore x",
            "# Option B: by hand",
            "pg_restore -d shop x.dump",
        ),
        ("scripts/restore.sh <dump> [--until TIME]",),
        ("ansible-playbook restore.yml -e only=index", "ansible-playbook restore.yml -e only=server"),
    ],
)
def test_ways_to_choose_from_are_no_sequence_of_a_restore(read: Read, commands: tuple[str, ...]) -> None:
    assert kept(read("## Restore", "```bash", *commands, "```")) == []


@pytest.mark.parametrize(
    "commands",
    [
        ("./scripts/backup.sh", "# Or", "make backup"),
        ("sudo systemctl start shop-backup", "# Or run it directly", "sudo /srv/backup.sh"),
        ("scripts/backup.sh [--dest DIR]",),
        ("pg_dump shop > shop.sql", "./restore-test.sh"),
        ("aws s3 cp s3://copies/shop.dump ./shop.dump",),
        ("1. Validate the keys", "pg_dump shop > shop.sql"),
        ("Copies are kept as long as the others are.", "Use backup create now."),
    ],
)
def test_what_else_stands_below_a_heading_of_backups_makes_none(
    read: Read, commands: tuple[str, ...]
) -> None:
    assert kept(read("## Backup", "```bash", *commands, "```")) == []


def test_two_outputs_of_one_program_are_a_backup(read: Read) -> None:
    commands = ("pg_dump -Fc shop > shop.dump", "# または、SQLで", "pg_dump shop > shop.sql")

    assert kept(read("## バックアップ", "```bash", *commands, "```")) == [BackupProcedure]


def test_a_copy_between_two_stores_is_a_backup(read: Read) -> None:
    command = "aws s3 sync s3://shop-data s3://shop-copies"

    assert kept(read("## Backup", "```bash", command, "```")) == [BackupProcedure]


def test_a_heading_of_both_acts_says_neither(read: Read) -> None:
    commands = ("LATEST=$(ls -t backups | head -1)", "cp backups/$LATEST shop.db")

    assert kept(read("## 復旧方法", "### バックアップからの完全復旧", "```bash", *commands, "```")) == []


def test_many_blocks_are_looked_at_once_each(read: Read) -> None:
    # Each block compared with each other would take minutes.
    design = read("## Backup", *(line for _ in range(3000) for line in DUMP))

    assert len(design.unread) == 3000
