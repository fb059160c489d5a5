"""The document's own commands with their real values."""

import pytest

from toban.chapters.backup.restoring.procedure import filled

COMMANDS = [
    "aws s3 cp s3://bucket/backups/db/2024/01/backup_20240101.sql.gz .",
    "gunzip backup_20240101.sql.gz",
    "psql -h ${DB_HOST} -U $DB_USER ${DB_NAME} < backup_20240101.sql",
]
VALUES = {"host": "db1", "user": "shop", "dbname": "orders"}


def test_variables_and_the_newest_backups_address_are_filled_in() -> None:
    stored = "s3://shop-backups/PostgreSQL/20261125T020000Z-full/dump.sql.gz"

    assert filled(COMMANDS, VALUES, stored) == [
        f"aws s3 cp {stored} .",
        "gunzip dump.sql.gz",
        "psql -h db1 -U shop orders < dump.sql",
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("${SHOP_DB_HOST}", "db1"),
        ("${SHOP_DB}", "orders"),
        ("$PGDATABASE", "orders"),
        ("$POSTGRES_USER", "shop"),
        ("$POSTGRES_DB", "orders"),
        ("$DB_PASSWORD", "$DB_PASSWORD"),
        ("$DATABASE_URL", "$DATABASE_URL"),
        ("$MAIL_HOST", "$MAIL_HOST"),
    ],
)
def test_variables_about_the_database_are_known_by_their_names(written: str, meant: str) -> None:
    assert filled([written], VALUES) == [meant]


def test_a_variable_that_is_not_known_stays_for_whoever_runs_it() -> None:
    assert filled(["psql -p ${DB_PORT} -c $QUERY"], VALUES) == ["psql -p ${DB_PORT} -c $QUERY"]


def test_without_one_object_the_addresses_stay_as_they_are_written() -> None:
    assert filled(COMMANDS, VALUES)[:2] == COMMANDS[:2]


def test_of_two_addresses_none_is_guessed_at() -> None:
    commands = ["aws s3 cp s3://a/x.gz .", "aws s3 cp s3://b/y.gz ."]

    assert filled(commands, {}, "s3://c/z.gz") == commands
