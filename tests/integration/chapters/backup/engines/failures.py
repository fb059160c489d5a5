"""What may fail with each engine, and the tests that show what happens then."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tested:
    """Shown by tests of a module of this folder."""

    module: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return self.module


@dataclass(frozen=True)
class Impossible:
    """It can't happen with this engine."""

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
            "test_a_walsender_that_dies_in_mid_stream_leaves_no_backup",
            "test_a_server_that_is_killed_in_mid_stream_leaves_no_backup",
        ),
        "pg_dump": _dump(
            "test_a_connection_that_breaks_in_mid_stream_leaves_no_backup",
            "test_a_pg_dump_that_is_killed_in_mid_stream_leaves_no_backup",
        ),
        "pgbackrest": _backrest(
            "test_a_connection_that_breaks_in_mid_stream_leaves_no_backup",
            "test_a_pgbackrest_that_is_killed_leaves_no_backup_and_no_processes",
        ),
        "rds": _rds("test_a_snapshot_that_fails_in_aws_is_no_backup"),
    },
    "killed before the manifest": {
        "native": _native(
            "test_a_worker_that_is_killed_before_the_manifest_leaves_no_backup_and_the_label_free"
        ),
        "pg_dump": _dump("test_a_worker_that_is_killed_leaves_no_backup_no_pg_dump_and_the_label_free"),
        "pgbackrest": _backrest(
            "test_a_worker_that_is_killed_takes_pgbackrest_with_it_and_the_label_is_free"
        ),
        "rds": _rds(
            "test_a_snapshot_that_an_earlier_attempt_began_is_taken_over",
            "test_waiting_can_be_stopped_and_goes_on_in_the_next_attempt",
        ),
    },
    "a damaged increment": {
        "native": Tested(
            "native/test_restore.py", ("test_a_damaged_object_is_found_by_verify_and_by_restore",)
        ),
        # There are no increments: a damaged full one instead.
        "pg_dump": _dump("test_a_damaged_object_is_found_by_verify_and_not_restored"),
        "pgbackrest": _backrest("test_a_damaged_increment_is_found_by_verify_and_not_restored"),
        "rds": _IN_AWS,
    },
    "a missing or wrong parent": {
        "native": Tested(
            "native/taking/test_take.py",
            (
                "test_an_increment_needs_a_parent",
                "test_a_full_backup_of_another_cluster_is_no_parent",
                "test_a_parent_whose_manifest_is_gone_or_damaged_asks_for_a_full_backup",
            ),
        ),
        "pg_dump": _dump("test_an_increment_is_not_promised"),
        "pgbackrest": _backrest(
            "test_a_full_backup_that_others_made_is_no_silent_parent",
            "test_a_parent_that_is_gone_from_the_repository_needs_a_new_full",
        ),
        "rds": _rds("test_an_increment_is_not_promised"),
    },
    "WAL summaries missing": {
        "native": Tested(
            "native/taking/test_take.py",
            (
                "test_no_increment_where_the_server_does_not_note_changed_blocks",
                "test_missing_summaries_are_told_in_the_server_s_words_with_their_lsn",
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
                "test_a_slot_that_was_lost_breaks_the_log_and_a_new_stretch_begins",
                "test_a_slot_in_danger_is_told_before_it_is_lost",
            ),
        ),
        "pg_dump": Impossible("a dump needs no log, and so no slot that keeps it"),
        "pgbackrest": Impossible(
            "archive_command hands the log over: the server keeps it until that succeeds"
        ),
        "rds": _IN_AWS,
    },
    "a timeline switch": {
        "native": _native("test_an_increment_after_a_promotion_stands_on_a_full_backup_before_it"),
        "pg_dump": Impossible("a dump is rows, with no position in the log"),
        "pgbackrest": _backrest("test_an_increment_after_a_promotion_stands_on_the_full_before_it"),
        "rds": _IN_AWS,
    },
    "S3 down for 20 seconds": {
        "native": _native("test_a_store_that_is_away_for_20_seconds_delays_the_backup"),
        "pg_dump": _dump("test_a_store_that_is_away_for_20_seconds_delays_the_dump"),
        "pgbackrest": Impossible(_OWN_CLIENT),
        "rds": _rds("test_a_throttled_request_is_asked_again"),
    },
    "S3 dead past the retries": {
        "native": _native("test_a_store_that_stays_away_fails_the_backup_and_what_is_left_is_swept"),
        "pg_dump": _dump("test_a_store_that_stays_away_fails_the_dump_and_what_is_left_is_swept"),
        "pgbackrest": _backrest(
            "test_a_repository_that_is_away_fails_the_backup_and_a_later_one_succeeds",
            "test_a_repository_that_goes_in_mid_stream_leaves_no_backup",
        ),
        "rds": _rds("test_an_endpoint_where_nobody_answers_is_told_and_worth_another_try"),
    },
    "the disk full at the spool": {
        "native": Impossible("it streams from the server to the store, over no disk of ours"),
        "pg_dump": _dump(
            "test_a_spool_without_room_is_refused_before_the_dump",
            "test_a_spool_that_fills_up_fails_the_dump_and_is_cleared",
        ),
        "pgbackrest": _backrest("test_a_repository_whose_disk_is_full_fails_the_backup"),
        "rds": _IN_AWS,
    },
    "the disk full at the restore": {
        "native": Tested("native/test_restore.py", ("test_a_full_disk_is_told_and_leaves_nothing_to_start",)),
        "pg_dump": _dump("test_a_restore_without_room_for_the_dump_is_refused_before_it_starts"),
        "pgbackrest": _backrest("test_a_restore_without_room_is_refused_before_it_starts"),
        "rds": _IN_AWS,
    },
    "a gap in the log before the target": {
        "native": Tested(
            "native/test_restore.py",
            (
                "test_a_gap_in_the_log_is_told_before_anything_is_written",
                "test_a_moment_that_no_log_leads_to_is_refused",
            ),
        ),
        "pg_dump": _dump("test_a_moment_after_the_snapshot_is_refused_before_anything_is_fetched"),
        "pgbackrest": _backrest(
            "test_log_that_is_missing_before_the_target_keeps_the_restored_server_from_starting"
        ),
        "rds": _rds("test_a_moment_that_the_log_does_not_reach_is_refused"),
    },
    "a prune that races a backup": {
        "native": _native("test_a_prune_in_the_middle_of_a_backup_harms_only_what_it_prunes"),
        "pg_dump": _dump("test_a_prune_in_the_middle_of_a_backup_harms_only_what_it_prunes"),
        "pgbackrest": _backrest("test_a_prune_waits_until_the_backup_has_ended"),
        "rds": _rds("test_two_labels_are_two_snapshots_and_removing_one_leaves_the_other"),
    },
    "two backups at once": {
        "native": Tested("native/taking/test_take.py", ("test_two_backups_at_once_are_both_whole",)),
        "pg_dump": _dump(
            "test_two_backups_at_once_are_both_whole",
            "test_the_second_of_two_that_need_the_same_spool_says_so",
        ),
        "pgbackrest": _backrest("test_two_backups_at_once_follow_each_other_and_are_both_whole"),
        "rds": _rds("test_two_labels_are_two_snapshots_and_removing_one_leaves_the_other"),
    },
}
"""Failure → kind of engine → its answer. Two of the twelve have two places each, and two lines here."""
