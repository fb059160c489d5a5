"""The document's own commands with their real values."""

import pytest

from toban.chapters.backup.restoring.procedure import filled, options_of
from toban.engine.stores.s3.config import S3Config

COMMANDS = [
    "aws s3 cp s3://bucket/backups/db/2024/01/backup_20240101.sql.gz .",
    "gunzip backup_20240101.sql.gz",
    "psql -h ${DB_HOST} -U $DB_USER ${DB_NAME} < backup_20240101.sql",
]
VALUES = {"host": "db1", "user": "shop", "dbname": "orders"}


def test_variables_and_the_url_of_the_newest_backup_are_filled_in() -> None:
    stored = "s3://shop-backups/PostgreSQL/20261125T020000Z-full/dump.sql.gz"

    assert filled(COMMANDS, VALUES, stored) == [
        f"aws s3 cp {stored} .",
        "gunzip dump.sql.gz",
        "psql -h db1 -U shop orders < dump.sql",
    ]


def test_a_server_that_is_not_amazons_is_named_where_its_bucket_is_read() -> None:
    config = S3Config(bucket="shop-backups", region="local", endpoint="https://s3.example.jp:9000")
    commands = [*COMMANDS, "aws sts get-caller-identity"]

    options = options_of(config)
    lines = filled(commands, VALUES, "s3://shop-backups/PostgreSQL/x/dump.sql.gz", options)

    assert options == " --endpoint-url https://s3.example.jp:9000 --region local"
    assert lines[0] == f"aws{options} s3 cp s3://shop-backups/PostgreSQL/x/dump.sql.gz ."
    assert lines[3] == "aws sts get-caller-identity"
    assert options_of(S3Config(bucket="shop-backups")) == options_of(None) == ""


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
def test_variables_about_the_database_are_recognised_by_name(written: str, meant: str) -> None:
    assert filled([written], VALUES) == [meant]


def test_an_unknown_variable_is_left_for_the_operator() -> None:
    assert filled(["psql -p ${DB_PORT} -c $QUERY"], VALUES) == ["psql -p ${DB_PORT} -c $QUERY"]


def test_without_a_single_object_the_urls_stay_as_written() -> None:
    assert filled(COMMANDS, VALUES)[:2] == COMMANDS[:2]


def test_neither_of_two_urls_is_replaced() -> None:
    commands = ["aws s3 cp s3://a/x.gz .", "aws s3 cp s3://b/y.gz ."]

    assert filled(commands, {}, "s3://c/z.gz") == commands
