"""Everything that may fail with an engine, and the tests that show what happens then."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tested:
    """The failure is covered by tests of a module of this folder."""

    module: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return self.module


@dataclass(frozen=True)
class Impossible:
    """The failure can't happen with this engine."""

    why: str

    def __str__(self) -> str:
        return "impossible"


type Cell = Tested | Impossible


def _native(*tests: str) -> Tested:
    return Tested("native/test_failures.py", tests)


def _dump(*tests: str) -> Tested:
    return Tested("pg_dump/test_failures.py", tests)


def _backrest(*tests: str) -> Tested:
    return Tested("pgbackrest/test_failures.py", tests)


def _rds(*tests: str) -> Tested:
    return Tested("rds/test_rds.py", tests)


_NO_INCREMENTS = Impossible("it makes full backups only, and refuses an order for an increment")
_IN_AWS = Impossible("what a snapshot is made of stays inside AWS; Toban holds no part of it")
_OWN_CLIENT = "pgBackRest speaks to its repository itself; for Toban it is a command that fails or succeeds"

FAILURES: Mapping[str, Mapping[str, Cell]] = {
    "the producer dies in mid-stream": {
        "native": _native(
            "test_a_walsender_that_dies_mid_stream_leaves_no_backup",
            "test_a_server_that_is_killed_mid_stream_leaves_no_backup",
        ),
        "pg_dump": _dump(
            "test_a_connection_that_breaks_mid_stream_leaves_no_backup",
            "test_a_pg_dump_that_is_killed_mid_stream_leaves_no_backup",
        ),
        "pgbackrest": _backrest(
            "test_a_connection_that_breaks_mid_stream_leaves_no_backup",
            "test_a_pgbackrest_that_is_killed_leaves_no_backup_and_no_processes",
        ),
        "rds": _rds("test_a_snapshot_that_fails_in_aws_leaves_no_backup"),
    },
    "killed before the manifest": {
        "native": _native(
            "test_a_worker_that_is_killed_before_the_manifest_leaves_no_backup_and_the_label_free"
        ),
        "pg_dump": _dump("test_a_worker_that_is_killed_leaves_no_backup_no_pg_dump_and_the_label_free"),
        "pgbackrest": _backrest("test_a_killed_worker_takes_pgbackrest_with_it_and_the_label_is_free"),
        "rds": _rds(
            "test_a_snapshot_started_by_an_earlier_attempt_is_taken_over",
            "test_waiting_can_be_stopped_and_resumes_in_the_next_attempt",
        ),
    },
    "a damaged increment": {
        "native": Tested(
            "native/test_restore.py", ("test_a_damaged_object_is_found_by_verify_and_by_restore",)
        ),
        # There are no increments: a damaged full backup instead.
        "pg_dump": _dump("test_a_damaged_object_is_found_by_verify_and_not_restored"),
        "pgbackrest": _backrest("test_a_damaged_increment_is_found_by_verify_and_not_restored"),
        "rds": _IN_AWS,
    },
    "a missing or wrong parent": {
        "native": Tested(
            "native/taking/test_take.py",
            (
                "test_an_increment_needs_a_parent",
                "test_a_full_backup_of_another_cluster_is_refused_as_parent",
                "test_a_missing_or_damaged_parent_manifest_requires_a_full_backup",
            ),
        ),
        "pg_dump": _dump("test_an_order_for_an_increment_is_refused"),
        "pgbackrest": _backrest(
            "test_a_full_backup_made_by_someone_else_is_not_silently_used_as_parent",
            "test_a_parent_that_is_gone_from_the_repository_needs_a_new_full",
        ),
        "rds": _rds("test_an_order_for_an_increment_is_refused"),
    },
    "WAL summaries missing": {
        "native": Tested(
            "native/taking/test_take.py",
            (
                "test_no_increment_is_made_when_the_server_does_not_summarize_changed_blocks",
                "test_missing_summaries_are_reported_in_the_servers_words_with_their_lsn",
            ),
        ),
        "pg_dump": _NO_INCREMENTS,
        "pgbackrest": Impossible("pgBackRest finds changed blocks by comparing them, without summaries"),
        "rds": _IN_AWS,
    },
    "the slot lost": {
        "native": Tested(
            "native/log/test_wal.py",
            (
                "test_a_lost_slot_breaks_the_log_and_a_new_stretch_begins",
                "test_a_slot_in_danger_is_reported_in_time",
            ),
        ),
        "pg_dump": Impossible("a dump needs no log, and so no slot that keeps it"),
        "pgbackrest": Impossible(
            "archive_command hands the log over: the server keeps it until that succeeds"
        ),
        "rds": _IN_AWS,
    },
    "a timeline switch": {
        "native": _native("test_an_increment_after_a_promotion_is_based_on_a_full_backup_before_it"),
        "pg_dump": Impossible("a dump is rows, with no position in the log"),
        "pgbackrest": _backrest("test_an_increment_after_a_promotion_is_based_on_the_full_before_it"),
        "rds": _IN_AWS,
    },
    "S3 down for 20 seconds": {
        "native": _native("test_a_store_outage_of_20_seconds_delays_the_backup"),
        "pg_dump": _dump("test_a_store_outage_of_20_seconds_delays_the_dump"),
        "pgbackrest": Impossible(_OWN_CLIENT),
        "rds": _rds("test_a_throttled_request_is_retried"),
    },
    "S3 dead past the retries": {
        "native": _native("test_a_store_that_stays_away_fails_the_backup_and_leftovers_are_swept"),
        "pg_dump": _dump("test_a_store_that_stays_away_fails_the_dump_and_leftovers_are_swept"),
        "pgbackrest": _backrest(
            "test_an_unreachable_repository_fails_the_backup_and_a_later_one_succeeds",
            "test_a_repository_that_disappears_mid_stream_leaves_no_backup",
        ),
        "rds": _rds("test_an_unreachable_endpoint_is_reported_and_retryable"),
    },
    "the disk full at the spool": {
        "native": Impossible("it streams from the server to the store, over no disk of ours"),
        "pg_dump": _dump(
            "test_a_spool_without_enough_space_is_refused_before_the_dump",
            "test_a_spool_that_fills_up_fails_the_dump_and_is_cleared",
        ),
        "pgbackrest": _backrest("test_a_repository_whose_disk_is_full_fails_the_backup"),
        "rds": _IN_AWS,
    },
    "the disk full at the restore": {
        "native": Tested(
            "native/test_restore.py", ("test_a_full_disk_is_reported_and_leaves_nothing_that_could_start",)
        ),
        "pg_dump": _dump("test_a_restore_without_space_for_the_dump_is_refused_before_it_starts"),
        "pgbackrest": _backrest("test_a_restore_without_enough_space_is_refused_before_it_starts"),
        "rds": _IN_AWS,
    },
    "a gap in the log before the target": {
        "native": Tested(
            "native/test_restore.py",
            (
                "test_a_gap_in_the_log_is_reported_before_anything_is_written",
                "test_a_target_time_that_no_log_reaches_is_refused",
            ),
        ),
        "pg_dump": _dump("test_a_moment_after_the_snapshot_is_refused_before_anything_is_fetched"),
        "pgbackrest": _backrest("test_missing_log_before_the_target_keeps_the_restored_server_from_starting"),
        "rds": _rds("test_a_moment_that_the_log_does_not_reach_is_refused"),
    },
    "a prune that races a backup": {
        "native": _native("test_a_prune_during_a_backup_affects_only_what_it_prunes"),
        "pg_dump": _dump("test_a_prune_during_a_backup_affects_only_what_it_prunes"),
        "pgbackrest": _backrest("test_a_prune_waits_until_the_backup_has_ended"),
        "rds": _rds("test_two_labels_are_two_snapshots_and_removing_one_leaves_the_other"),
    },
    "two backups at once": {
        "native": Tested("native/taking/test_take.py", ("test_two_backups_at_once_are_both_complete",)),
        "pg_dump": _dump(
            "test_two_backups_at_once_are_both_complete",
            "test_a_second_dump_reports_that_the_spool_is_in_use",
        ),
        "pgbackrest": _backrest("test_two_backups_at_once_run_one_after_the_other_and_are_both_complete"),
        "rds": _rds("test_two_labels_are_two_snapshots_and_removing_one_leaves_the_other"),
    },
}
"""Failure → kind of engine → its answer. Two of the twelve failures have two places, and two lines here."""
