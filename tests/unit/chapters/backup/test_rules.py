"""Which backups are kept, what can be restored, and whether that is enough."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.backup import rules
from toban.chapters.backup.engine import Method, WalPosition
from toban.chapters.backup.rules import BackupCopy, CopyRetention, Freshness, RestorePoint, WalStretch
from toban.design.values.backup_method import BackupMethod
from toban.design.values.duration import Duration, Forever, Generations, TimeUnit
from toban.message import NOTHING, Message, plain

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
DAY, HOUR, MOMENT = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
DAYS_30 = Duration(Decimal(30), TimeUnit.DAY)
HOURS_24 = Duration(Decimal(24), TimeUnit.HOUR)
BOTH = {
    Method.FULL: CopyRetention(Generations(30), DAYS_30),
    Method.INCREMENTAL: CopyRetention(Generations(24), HOURS_24),
}


def full(ended_at: datetime, label: str = "", **facts: object) -> BackupCopy:
    return _copy(Method.FULL, ended_at, label or f"full-{ended_at.isoformat()}", facts)


def increment(ended_at: datetime, parent: str, label: str = "", **facts: object) -> BackupCopy:
    facts["parent"] = parent
    return _copy(Method.INCREMENTAL, ended_at, label or f"incr-{ended_at.isoformat()}", facts)


def _copy(method: Method, ended_at: datetime, label: str, facts: dict[str, object]) -> BackupCopy:
    trouble = NOTHING if facts.pop("is_good", True) else plain("damaged")
    known = {
        "label": label,
        "method": method,
        "ended_at": ended_at,
        "restorable_to": ended_at,
        "trouble": trouble,
    }
    return BackupCopy(**{**known, **facts})  # type: ignore[arg-type]


def gone(plan: rules.PrunePlan) -> list[str]:
    return [each.label for each in plan.gone]


def test_a_copy_is_removed_when_neither_generations_nor_retention_require_it() -> None:
    daily = [full(NOW - n * DAY, f"{n}") for n in range(33)]

    plan = rules.prune(daily, BOTH, NOW)

    assert gone(plan) == ["32", "31", "30"]
    assert str(plan.gone[0].why) == "30世代 と 30日を過ぎました"
    assert plan.gone[0].why.in_language("en") == "Past 30世代 and 30日"


def test_retention_alone_keeps_a_copy_until_its_last_moment() -> None:
    keep = {Method.FULL: CopyRetention(retention=DAYS_30)}
    copies = [full(NOW, "new"), full(NOW - 30 * DAY + MOMENT, "young"), full(NOW - 30 * DAY, "done")]

    assert gone(rules.prune(copies, keep, NOW)) == ["done"]


def test_generations_alone_count_copies_of_any_age() -> None:
    keep = {Method.FULL: CopyRetention(generations=Generations(2))}
    copies = [full(NOW - 100 * DAY, "c"), full(NOW - 300 * DAY, "d"), full(NOW - 400 * DAY, "e")]

    assert gone(rules.prune(copies, keep, NOW)) == ["e"]


def test_after_failures_old_generations_are_kept_beyond_their_retention() -> None:
    copies = [full(NOW - n * DAY, f"{n}") for n in range(10, 45)]

    assert gone(rules.prune(copies, BOTH, NOW)) == ["44", "43", "42", "41", "40"]


def test_many_manual_copies_do_not_push_others_out_of_the_retention() -> None:
    copies = [full(NOW - n * HOUR, f"{n}") for n in range(40)]

    assert gone(rules.prune(copies, BOTH, NOW)) == []


def test_a_damaged_copy_does_not_count_as_a_generation() -> None:
    keep = {Method.FULL: CopyRetention(generations=Generations(2))}
    copies = [full(NOW, "a"), full(NOW - DAY, "b", is_good=False), full(NOW - 2 * DAY, "c")]

    plan = rules.prune(copies, keep, NOW)

    assert gone(plan) == ["b"]
    assert "壊れています" in str(plan.gone[0].why)


def test_an_increment_on_a_damaged_full_does_not_push_a_good_one_out() -> None:
    keep = {Method.INCREMENTAL: CopyRetention(generations=Generations(1))}
    copies = [
        full(NOW - 4 * HOUR, "good"),
        increment(NOW - 3 * HOUR, "good", "restorable"),
        full(NOW - 2 * HOUR, "damaged", is_good=False),
        increment(NOW - HOUR, "damaged", "lost"),
    ]

    assert gone(rules.prune(copies, keep, NOW)) == ["lost"]


def test_a_row_that_says_nothing_keeps_everything() -> None:
    copies = [full(NOW - 1000 * DAY, "old"), full(NOW, "new")]

    assert gone(rules.prune(copies, {}, NOW)) == []
    assert gone(rules.prune(copies, {Method.FULL: CopyRetention(Generations(1), Forever())}, NOW)) == []


def test_a_full_copy_is_kept_while_an_increment_depends_on_it() -> None:
    keep = {
        Method.FULL: CopyRetention(generations=Generations(1)),
        Method.INCREMENTAL: CopyRetention(retention=HOURS_24),
    }
    copies = [
        full(NOW - 2 * DAY, "older"),
        full(NOW - DAY - HOUR, "base"),
        increment(NOW - 23 * HOUR, "base", "child"),
        full(NOW, "newest"),
    ]

    plan = rules.prune(copies, keep, NOW)

    assert gone(plan) == ["older"]
    assert {each.label: str(each.why) for each in plan.kept}["base"] == "増分 child が要ります"


def test_the_base_of_promised_restore_points_is_kept_if_there_is_log() -> None:
    keep = {
        Method.FULL: CopyRetention(generations=Generations(1)),
        Method.INCREMENTAL: CopyRetention(retention=HOURS_24),
    }
    copies = [full(NOW - 3 * DAY, "a"), full(NOW - DAY, "b"), full(NOW, "c")]

    plan = rules.prune(copies, keep, NOW, has_log=True)

    assert gone(rules.prune(copies, keep, NOW)) == ["a", "b"]
    assert gone(plan) == ["a"]
    assert plan.log_from == "b"
    assert "24時間" in {each.label: str(each.why) for each in plan.kept}["b"]


def test_increments_are_removed_before_their_full_copy() -> None:
    copies = [
        full(NOW - 90 * DAY, "base"),
        increment(NOW - 89 * DAY, "base", "child"),
        full(NOW, "new"),
    ]
    keep = {
        Method.FULL: CopyRetention(retention=DAYS_30),
        Method.INCREMENTAL: CopyRetention(retention=HOURS_24),
    }

    assert gone(rules.prune(copies, keep, NOW)) == ["child", "base"]


def test_an_increment_without_its_full_copy_is_of_no_use() -> None:
    copies = [full(NOW, "new"), increment(NOW, "lost", "orphan")]

    plan = rules.prune(copies, BOTH, NOW)

    assert gone(plan) == ["orphan"]
    assert "lost" in str(plan.gone[0].why)


def test_the_last_full_copy_is_never_removed() -> None:
    keep = {Method.FULL: CopyRetention(retention=DAYS_30)}

    assert gone(rules.prune([full(NOW - 400 * DAY, "only")], keep, NOW)) == []
    assert gone(rules.prune([full(NOW - 400 * DAY, "only", is_good=False)], keep, NOW)) == []


def test_the_last_verified_full_copy_is_kept_next_to_newer_ones() -> None:
    keep = {Method.FULL: CopyRetention(generations=Generations(1))}
    copies = [
        full(NOW - 3 * DAY, "older"),
        full(NOW - 2 * DAY, "read"),
        full(NOW - DAY, "unread", is_verified=False),
        full(NOW, "new", is_verified=False),
    ]

    plan = rules.prune(copies, keep, NOW)

    assert gone(plan) == ["older", "unread"]


@st.composite
def catalogues(draw: st.DrawFn) -> list[BackupCopy]:
    fulls = [
        full(NOW - hours * HOUR, f"f{at}", is_good=good, is_verified=verified)
        for at, (hours, good, verified) in enumerate(
            draw(
                st.lists(
                    st.tuples(st.integers(0, 2000), st.booleans(), st.booleans()), min_size=1, max_size=12
                )
            )
        )
    ]
    children = draw(
        st.lists(st.tuples(st.integers(0, 2000), st.sampled_from([*fulls, None]), st.booleans()), max_size=12)
    )
    return fulls + [
        increment(NOW - hours * HOUR, parent.label if parent else "nobody", f"i{at}", is_good=good)
        for at, (hours, parent, good) in enumerate(children)
    ]


keeps = st.builds(
    CopyRetention,
    st.none() | st.builds(Generations, st.integers(1, 5)),
    st.none() | st.builds(Duration, st.integers(1, 60).map(Decimal), st.just(TimeUnit.DAY)),
)


@given(catalogues(), keeps, keeps, st.booleans())
def test_pruning_breaks_no_chain_and_leaves_a_good_copy(
    copies: list[BackupCopy], of_fulls: CopyRetention, of_increments: CopyRetention, has_log: bool
) -> None:
    keep = {Method.FULL: of_fulls, Method.INCREMENTAL: of_increments}
    plan = rules.prune(copies, keep, NOW, has_log=has_log)

    left = {each.label for each in plan.kept}
    by_label = {copy.label: copy for copy in copies}
    assert left | set(gone(plan)) == set(by_label)
    assert not left & set(gone(plan))
    assert all(by_label[label].parent in {"", *left} for label in left)
    fulls = [copy for copy in copies if copy.method is Method.FULL]
    for wanted in (
        fulls,
        [each for each in fulls if each.is_good],
        [each for each in fulls if each.is_good and each.is_verified],
    ):
        assert not wanted or any(each.label in left for each in wanted)
    if rules.newest_moment(copies, []) is not None:
        assert rules.newest_moment([by_label[label] for label in left], []) is not None
    assert plan.log_from in left


@given(catalogues(), keeps)
def test_pruning_again_removes_nothing_more(copies: list[BackupCopy], keep: CopyRetention) -> None:
    by_method = {Method.FULL: keep, Method.INCREMENTAL: keep}
    removed = set(gone(rules.prune(copies, by_method, NOW)))

    again = rules.prune([each for each in copies if each.label not in removed], by_method, NOW)

    assert gone(again) == []


def test_the_chain_to_a_moment_is_the_nearest_one_before_it() -> None:
    base, later = full(NOW - 3 * HOUR, "base"), full(NOW, "later")
    child = increment(NOW - HOUR, "base", "child")
    copies = [base, child, later]

    assert rules.chain_to(copies, NOW - HOUR) == (base, child)
    assert rules.chain_to(copies, NOW - HOUR - MOMENT) == (base,)
    assert rules.chain_to(copies, None) == (later,)
    assert rules.chain_to(copies, NOW - 4 * HOUR) == ()


def test_no_chain_includes_a_damaged_copy() -> None:
    base = full(NOW - 3 * HOUR, "base", is_good=False)
    child = increment(NOW - HOUR, "base", "child")
    older = full(NOW - DAY, "older")

    assert rules.chain_to([base, child, older], None) == (older,)


def at(timeline: int, lsn: str) -> WalPosition:
    return WalPosition(timeline, lsn)


def stretch(
    first: str, last: str, durable_to: datetime, *, timeline: int = 1, system: str = "7"
) -> WalStretch:
    return WalStretch(system, timeline, first, last, durable_to)


BASE = full(NOW - HOUR, "base", system_id="7", end=WalPosition(1, "0/3000100"))


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ([], RestorePoint(NOW - HOUR, "base", is_by_log=False)),
        ([stretch("0/3000100", "0/5000000", NOW)], RestorePoint(NOW, "base", is_by_log=True)),
        ([stretch("0/3000101", "0/5000000", NOW)], RestorePoint(NOW - HOUR, "base", is_by_log=False)),
        ([stretch("0/1000000", "0/3000100", NOW)], RestorePoint(NOW, "base", is_by_log=True)),
        ([stretch("0/1000000", "0/30000FF", NOW)], RestorePoint(NOW - HOUR, "base", is_by_log=False)),
        (
            [stretch("0/3000000", "0/5000000", NOW, system="8")],
            RestorePoint(NOW - HOUR, "base", is_by_log=False),
        ),
        (
            [
                stretch("0/3000000", "0/5000000", NOW - 2 * MOMENT),
                stretch("0/5000000", "0/6000000", NOW, timeline=2),
            ],
            RestorePoint(NOW, "base", is_by_log=True),
        ),
        (
            [
                stretch("0/3000000", "0/5000000", NOW - MOMENT),
                stretch("0/5000001", "0/6000000", NOW, timeline=2),
            ],
            RestorePoint(NOW - MOMENT, "base", is_by_log=True),
        ),
        ([stretch("0/3000000", "1/0", NOW)], RestorePoint(NOW, "base", is_by_log=True)),
        ([stretch("0/3000000", "0/5000000", NOW - DAY)], RestorePoint(NOW - HOUR, "base", is_by_log=False)),
    ],
    ids=[
        "no log",
        "begins at the end",
        "begins a byte late",
        "ends at the end",
        "ends a byte early",
        "another cluster",
        "promotion",
        "gap before promotion",
        "over 4 GiB",
        "older than the backup",
    ],
)
def test_the_newest_moment_is_the_end_of_the_continuing_log(
    log: list[WalStretch], found: RestorePoint
) -> None:
    assert rules.newest_moment([BASE], log) == found


def test_without_a_good_backup_no_moment_can_be_restored() -> None:
    damaged = full(NOW - HOUR, "base", system_id="7", end=WalPosition(1, "0/3000100"), is_good=False)

    assert rules.newest_moment([], [stretch("0/0", "0/5000000", NOW)]) is None
    assert rules.newest_moment([damaged], [stretch("0/3000000", "0/5000000", NOW)]) is None


DAILY = [NOW - 2 * DAY, NOW - DAY, NOW]
HOURLY = [NOW - 2 * HOUR, NOW - HOUR, NOW]


@pytest.mark.parametrize(
    ("newest", "due", "now", "found"),
    [
        (None, [], NOW, Freshness.NEVER),
        (None, [NOW], NOW + 6 * HOUR - MOMENT, Freshness.NEVER),
        (None, [NOW], NOW + 6 * HOUR, Freshness.LATE),
        (NOW + MOMENT, DAILY, NOW + 23 * HOUR, Freshness.FRESH),
        (NOW - DAY + MOMENT, DAILY, NOW + 6 * HOUR - MOMENT, Freshness.FRESH),
        (NOW - DAY + MOMENT, DAILY, NOW + 6 * HOUR, Freshness.LATE),
        (NOW - DAY, DAILY, NOW + 6 * HOUR, Freshness.LATE),
        (NOW - DAY - MOMENT, DAILY, NOW + 6 * HOUR, Freshness.TOO_OLD),
        (NOW - HOUR + MOMENT, HOURLY, NOW + timedelta(minutes=15) - MOMENT, Freshness.FRESH),
        (NOW - HOUR + MOMENT, HOURLY, NOW + timedelta(minutes=15), Freshness.LATE),
        (NOW - DAY, HOURLY, NOW, Freshness.TOO_OLD),
    ],
)
def test_freshness_depends_on_the_last_due_time(
    newest: datetime | None, due: list[datetime], now: datetime, found: Freshness
) -> None:
    assert rules.freshness(newest, due, now, timedelta(minutes=15)) is found


def test_the_expected_recovery_time_grows_with_the_source_and_never_shrinks() -> None:
    assert rules.scaled_recovery(60, 10, 30) == 180
    assert rules.scaled_recovery(60, 10, 5) == 60
    assert rules.scaled_recovery(60, 0, 5) == 60


@pytest.mark.parametrize(
    ("base", "trouble"),
    [
        (
            [full(NOW - HOUR, "base", is_good=False)],
            Message("backup.full-is-unreliable", label="base", trouble=plain("damaged")),
        ),
        ([], Message("backup.full-is-missing", label="base")),
    ],
    ids=["broken", "gone"],
)
def test_an_increment_is_worth_no_more_than_its_full(base: list[BackupCopy], trouble: Message) -> None:
    found = rules.row_copies([*base, increment(NOW, "base")], BackupMethod.INCREMENTAL)

    assert (found.own, found.newest, found.trouble) == ([], None, trouble)


def test_a_full_copy_counts_for_the_row_of_increments_but_not_the_other_way_round() -> None:
    copies = [full(NOW - HOUR, "base"), increment(NOW, "base")]

    assert rules.row_copies(copies[:1], BackupMethod.INCREMENTAL).newest == copies[0]
    assert rules.row_copies(copies, BackupMethod.FULL).newest == copies[0]


def test_a_broken_increment_is_past_once_a_full_copy_was_taken() -> None:
    copies = [
        full(NOW - 3 * HOUR, "old"),
        increment(NOW - 2 * HOUR, "old", "broken", is_good=False),
        full(NOW - HOUR, "new"),
    ]

    before = rules.row_copies(copies[:2], BackupMethod.INCREMENTAL)
    after = rules.row_copies(copies, BackupMethod.INCREMENTAL)

    assert (before.trouble, after.trouble) == (plain("damaged"), NOTHING)
    assert after.newest == copies[2]
