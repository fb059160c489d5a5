"""The commands of pg_dump as values."""

from pathlib import Path

import pytest

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.pg_dump.commands import ClientPrograms, DatabaseAddress, DumpShape

SERVER = DatabaseAddress("host=db dbname=shop user=backup", "p@ss")
PROGRAMS = ClientPrograms(Path("/opt/pg/bin"))


def test_a_dump_uses_the_snapshot_and_has_a_lock_timeout() -> None:
    command = PROGRAMS.dump(SERVER, "00000003-1", DumpShape("custom", "zstd", 17))

    assert command.arguments == (
        "/opt/pg/bin/pg_dump",
        "--dbname=host=db dbname=shop user=backup",
        "--no-password",
        "--format=c",
        "--compress=zstd",
        "--snapshot=00000003-1",
        "--lock-wait-timeout=5min",
    )


def test_a_directory_is_dumped_in_parallel() -> None:
    shape = DumpShape("directory", "gzip", 17)

    command = PROGRAMS.dump(SERVER, "00000003-1", shape, jobs=4, folder=Path("/spool/dump"))

    assert command.arguments[-2:] == ("--jobs=4", "--file=/spool/dump")


def test_the_password_is_passed_only_in_the_environment() -> None:
    server = DatabaseAddress.of("postgresql://backup:p%40ss@db/shop?sslmode=require")

    command = PROGRAMS.dump(server, "s", DumpShape("plain", "gzip", 17))

    assert command.environment == {"PGPASSWORD": "p@ss"}
    assert "p@ss" not in " ".join(command.arguments)
    assert "p@ss" not in repr(command)
    assert "sslmode=require" in command.arguments[1]


def test_the_output_of_a_program_is_reported_without_the_password() -> None:
    command = PROGRAMS.psql(SERVER)

    assert command.mask("login with p@ss failed") == "login with … failed"


def test_a_password_that_libpq_accepts_only_on_the_command_line_is_refused() -> None:
    with pytest.raises(BackupFailed, match="sslpassword") as refusal:
        DatabaseAddress.of("host=db sslpassword=hidden")

    assert "hidden" not in str(refusal.value)


def test_an_invalid_connection_string_is_not_repeated() -> None:
    with pytest.raises(BackupFailed) as refusal:
        DatabaseAddress.of("my secret password")

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("shape", "compress", "name"),
    [
        (DumpShape("custom", "zstd", 16), "zstd", "database.dump"),
        (DumpShape("custom", "gzip", 16), "gzip", "database.dump"),
        # Before version 16 the option accepts only a gzip level.
        (DumpShape("custom", "gzip", 15), "6", "database.dump"),
        (DumpShape("custom", "none", 15), "0", "database.dump"),
        (DumpShape("plain", "gzip", 17), "gzip", "database.sql.gz"),
        (DumpShape("plain", "zstd", 17), "zstd", "database.sql.zst"),
        (DumpShape("plain", "none", 17), "0", "database.sql"),
        (DumpShape("directory", "zstd", 17), "zstd", "database.tar"),
    ],
)
def test_the_compression_option_matches_the_version_of_the_client(
    shape: DumpShape, compress: str, name: str
) -> None:
    assert shape.compress == compress
    assert shape.object_name == name


def test_a_restore_stops_at_the_first_error() -> None:
    command = PROGRAMS.restore(SERVER, Path("/w/database.dump"), jobs=3, keeps_owners=True)

    assert command.arguments == (
        "/opt/pg/bin/pg_restore",
        "--dbname=host=db dbname=shop user=backup",
        "--no-password",
        "--exit-on-error",
        "--jobs=3",
        "/w/database.dump",
    )


def test_a_restore_without_the_roles_leaves_owners_and_grants_out() -> None:
    command = PROGRAMS.restore(SERVER, Path("/w/database.dump"), jobs=1, keeps_owners=False)

    assert command.arguments[-3:] == ("--no-owner", "--no-acl", "/w/database.dump")


def test_without_a_folder_the_programs_are_looked_up_in_the_path() -> None:
    assert ClientPrograms().version("pg_dump").arguments == ("pg_dump", "--version")
