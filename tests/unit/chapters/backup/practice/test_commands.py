"""Reading a procedure's commands as steps."""

import pytest

from toban.chapters.backup.practice.commands import ProcedureStep, StepKind, steps_of

REFERENCE = (
    "pg_dump -h ${DB_HOST} -U ${DB_USER} ${DB_NAME} | gzip > backup_$(date +%Y%m%d).sql.gz",
    "aws s3 cp backup_$(date +%Y%m%d).sql.gz s3://bucket/backups/db/$(date +%Y)/$(date +%m)/",
)
RESTORE = (
    "aws s3 cp s3://bucket/backups/db/2024/01/backup_20240101.sql.gz .",
    "gunzip backup_20240101.sql.gz",
    "psql -h ${DB_HOST} -U ${DB_USER} ${DB_NAME} < backup_20240101.sql",
)


def read(*commands: str, is_restore: bool = False) -> list[tuple[str, str, str]]:
    return [(step.kind.value, step.what, step.form) for step in steps_of(commands, is_restore=is_restore)]


def test_the_reference_dumps_compresses_and_stores() -> None:
    assert read(*REFERENCE) == [
        ("take", "pg_dump", "plain"),
        ("compress", "gzip", ""),
        ("store", "s3://bucket/backups/db/…/…/", ""),
    ]


def test_the_reference_fetches_inflates_and_loads() -> None:
    assert read(*RESTORE, is_restore=True) == [
        ("fetch", "s3://bucket/backups/db/2024/01/backup_20240101.sql.gz", ""),
        ("inflate", "gzip", ""),
        ("load", "psql", ""),
    ]


def test_a_step_quotes_its_command_as_the_document_writes_it() -> None:
    dumped, _, stored = steps_of(REFERENCE, is_restore=False)

    assert dumped.command == "pg_dump -h ${DB_HOST} -U ${DB_USER} ${DB_NAME}"
    assert stored.command == REFERENCE[1]


@pytest.mark.parametrize(
    ("command", "steps"),
    [
        ("pg_dump -Fc shop", [("take", "pg_dump", "custom")]),
        ("pg_dump -F d -f dump shop", [("take", "pg_dump", "directory")]),
        ("pg_dump --format=plain shop", [("take", "pg_dump", "plain")]),
        ("pg_dump -Fc -Z 9 shop", [("take", "pg_dump", "custom"), ("compress", "gzip", "")]),
        ("pg_dump -Fc --compress=zstd:3 shop", [("take", "pg_dump", "custom"), ("compress", "zstd", "")]),
        ("pg_dumpall --globals-only", [("take", "pg_dumpall", "plain")]),
        ("sudo -u postgres pg_dump shop 2>/dev/null", [("take", "pg_dump", "plain")]),
        ("docker exec -i db pg_dump -Fc shop", [("take", "pg_dump", "custom")]),
        ("PGPASSWORD=x /usr/bin/pg_dump shop", [("take", "pg_dump", "plain")]),
        ("ssh db 'pg_dump shop | zstd'", [("take", "pg_dump", "plain"), ("compress", "zstd", "")]),
        ("if pg_dump shop; then echo ok; fi", [("take", "pg_dump", "plain")]),
        ("pg_basebackup -D base -z -Ft", [("take", "pg_basebackup", ""), ("compress", "gzip", "")]),
        ("pgbackrest --stanza=main --type=full backup", [("take", "pgbackrest", "")]),
        (
            "aws rds create-db-snapshot --db-instance-identifier shop",
            [("take", "rds create-db-snapshot", "")],
        ),
        ("aws --profile shop s3 ls s3://bucket/", [("check", "", "")]),
        ("gzip -t shop.sql.gz", [("check", "", "")]),
        ("sha256sum -c shop.sha256", [("check", "", "")]),
        ("find /backup -mtime +30 -delete", [("prune", "", "")]),
        ("find /backup -name '*.gz' -mtime +30 | xargs rm", [("prune", "", "")]),
        ("toban backup run PostgreSQL", [("own", "", "")]),
        ("./backup.sh --full", [("unknown", "", "")]),
        ("mysqldump shop", [("unknown", "", "")]),
        ("echo 'not closed", [("unknown", "", "")]),
        ("set -euo pipefail; cd /backup && mkdir -p today", []),
        ("BACKUP_DIR=/backup", []),
    ],
)
def test_a_command_is_read(command: str, steps: list[tuple[str, str, str]]) -> None:
    assert read(command) == steps


@pytest.mark.parametrize(
    ("command", "steps"),
    [
        (
            "pg_restore -d shop /backup/shop.dump",
            [("fetch", "/backup/shop.dump", ""), ("load", "pg_restore", "")],
        ),
        ("pg_restore --list shop.dump", [("check", "", "")]),
        ("gunzip -c shop.sql.gz | psql shop", [("inflate", "gzip", ""), ("load", "psql", "")]),
        ("psql -c 'CREATE DATABASE shop'", [("clear", "", "")]),
        ("dropdb shop && createdb shop", [("clear", "", ""), ("clear", "", "")]),
        ("psql shop -c 'SELECT count(*) FROM orders'", [("check", "", "")]),
        ("psql shop -c 'VACUUM'", [("unknown", "", "")]),
        ("tar xzf base.tar.gz -C /var/lib/postgresql", [("load", "tar", "")]),
        ("systemctl stop shop", [("unknown", "", "")]),
        ("toban restore PostgreSQL", [("own", "", "")]),
    ],
)
def test_a_command_of_a_restore_is_read(command: str, steps: list[tuple[str, str, str]]) -> None:
    assert read(command, is_restore=True) == steps


def test_only_the_last_place_counts_of_files_that_are_on_their_way() -> None:
    found = steps_of(("pg_dump shop > /tmp/shop.sql", "cp /tmp/shop.sql /mnt/backup/"), is_restore=False)

    assert found[1:] == (ProcedureStep(StepKind.STORE, "cp /tmp/shop.sql /mnt/backup/", "/mnt/backup/"),)


def test_two_addresses_are_two_places() -> None:
    found = read("pg_dump shop > /tmp/x", "aws s3 cp /tmp/x s3://tokyo/", "aws s3 cp /tmp/x s3://osaka/")

    assert found[1:] == [("store", "s3://tokyo/", ""), ("store", "s3://osaka/", "")]
