"""Who is on duty when: worked out by hand, and compared with a calendar."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.bindings.model import System
from toban.engine.notify.duty.roster import (
    DutyShift,
    Override,
    Roster,
    holding,
    last_handover,
    on_duty,
    rosters,
    shifts,
)

TOKYO = ZoneInfo("Asia/Tokyo")
SYSTEM = System()
WEEKLY = """[[duty.当番.layers]]
people = ["上原", "伊波", "佐久川"]
handover = "毎週月曜 10:00"
since = 2026-04-06
"""


def roster(bindings: str = WEEKLY, hours: str = "24時間365日", holder: str = "[氏名]") -> Roster:
    read = read_design(
        f"""# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 当番 | {holder} | {hours} |
""",
        "運用設計書.md",
    )
    bound = read_bindings(bindings.replace("duty.当番", 'duty."当番"'), Path("toban.toml"), schema())
    return rosters(read, bound.duty)[0]


def at(text: str, zone: ZoneInfo = TOKYO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def who(moment: str, of: Roster, *overrides: Override) -> str:
    return "、".join(holding(of, overrides, at(moment), SYSTEM).people)


def stands_in(person: str, start: str, end: str, number: int = 1) -> Override:
    return Override(number, "当番", person, "nami", "通院", at(start), at(end))


def lines(found: list[DutyShift]) -> list[str]:
    return [
        f"{shift.start:%m-%d %H:%M} {'、'.join(shift.watch.people)} {shift.end:%m-%d %H:%M}"
        for shift in found
    ]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-04-06T10:00", "上原"),
        ("2026-04-13T09:59:59", "上原"),
        ("2026-04-13T10:00", "伊波"),
        ("2026-04-20T10:00", "佐久川"),
        ("2026-04-27T10:00", "上原"),
        # Before the first turn the order continues backwards.
        ("2026-04-06T09:59", "佐久川"),
        ("2026-03-30T10:00", "佐久川"),
        ("2026-03-30T09:59", "伊波"),
        ("2025-12-29T10:00", "伊波"),
        ("2028-01-03T10:00", "伊波"),
    ],
)
def test_turns_change_at_every_handover_in_the_past_and_future(moment: str, expected: str) -> None:
    assert who(moment, roster()) == expected


def test_with_a_handover_on_business_days_the_last_person_covers_weekends_and_holidays() -> None:
    of = roster(WEEKLY.replace("毎週月曜 10:00", "平日 9:00").replace("04-06", "04-27"))

    # 04-27 is a Monday, 04-29 昭和の日, 05-03 to 05-06 憲法記念日 to its substitute.
    days = [who(f"2026-{day}T12:00", of) for day in ("04-27", "04-28", "04-29", "04-30", "05-01")]
    assert days == ["上原", "伊波", "伊波", "佐久川", "上原"]
    assert {who(f"2026-05-0{day}T12:00", of) for day in range(1, 7)} == {"上原"}
    assert who("2026-05-07T12:00", of) == "伊波"


def test_the_rotation_of_the_document_applies_unless_the_bindings_override_it() -> None:
    by_document = roster("", holder="田中、中村 (週替わり、月曜10:00交代)")

    assert {who(f"2026-04-{day:02}T12:00", by_document) for day in (6, 13)} == {"田中", "中村"}
    assert roster(WEEKLY, holder="田中、中村 (週替わり)").layers[0].people == ("上原", "伊波", "佐久川")


def test_a_role_without_turns_is_held_by_its_own_name() -> None:
    assert who("2026-04-06T12:00", roster("")) == "当番"


def test_nobody_is_on_duty_outside_the_documents_hours() -> None:
    of = roster(hours="平日9:00-18:00")

    assert on_duty(of, (), at("2026-04-07T17:59"), SYSTEM).people == ("上原",)
    assert on_duty(of, (), at("2026-04-07T18:00"), SYSTEM).people == ()
    assert on_duty(of, (), at("2026-04-29T12:00"), SYSTEM).people == ()
    assert who("2026-04-07T18:00", of) == "上原"


DAY_AND_NIGHT = """[[duty.当番.layers]]
people = ["上原"]
hours = "平日9:00-18:00"

[[duty.当番.layers]]
people = ["伊波", "佐久川"]
handover = "毎週月曜 9:00"
since = 2026-04-06
hours = "毎日18:00-9:00"
"""


def test_layers_share_the_day_and_leave_gaps_unassigned() -> None:
    found = shifts(roster(DAY_AND_NIGHT), (), at("2026-04-10T00:00"), at("2026-04-13T12:00"), SYSTEM)

    assert lines(found) == [
        "04-10 00:00 伊波 04-10 09:00",
        "04-10 09:00 上原 04-10 18:00",
        "04-10 18:00 伊波 04-11 09:00",
        # Saturday and Sunday during the day: nobody.
        "04-11 18:00 伊波 04-12 09:00",
        "04-12 18:00 伊波 04-13 09:00",
        "04-13 09:00 上原 04-13 12:00",
    ]


def test_layers_of_the_same_hours_have_one_person_each_on_duty() -> None:
    both = roster(WEEKLY + WEEKLY.replace('"上原", "伊波", "佐久川"', '"城間"'))

    assert who("2026-04-06T12:00", both) == "上原、城間"


def test_a_deputy_holds_the_role_from_start_to_end() -> None:
    found = shifts(
        roster(),
        [stands_in("城間", "2026-04-12T18:00", "2026-04-13T12:00")],
        at("2026-04-12T00:00"),
        at("2026-04-14T00:00"),
        SYSTEM,
    )

    assert lines(found) == [
        "04-12 00:00 上原 04-12 18:00",
        "04-12 18:00 城間 04-13 12:00",
        "04-13 12:00 伊波 04-14 00:00",
    ]


def test_the_latest_of_two_overrides_applies() -> None:
    first = stands_in("城間", "2026-04-07T00:00", "2026-04-08T00:00", number=1)
    last = stands_in("佐久川", "2026-04-07T12:00", "2026-04-07T13:00", number=2)

    assert who("2026-04-07T12:30", roster(), last, first) == "佐久川"
    assert who("2026-04-07T13:00", roster(), last, first) == "城間"


def test_an_override_for_another_role_changes_nothing() -> None:
    other = Override(1, "別の役割", "城間", "nami", "x", at("2026-04-07T00:00"), at("2026-04-08T00:00"))

    assert who("2026-04-07T12:00", roster(), other) == "上原"


def test_a_handover_is_listed_only_when_the_person_changes() -> None:
    now = at("2026-04-13T10:00")

    before, after = last_handover(roster(), (), now - timedelta(hours=12), now, SYSTEM) or (None, None)

    assert before is not None
    assert after is not None
    assert (before.watch.people, after.watch.people, after.start) == (("上原",), ("伊波",), now)
    just_before = now - timedelta(seconds=1)
    assert last_handover(roster(), (), now - timedelta(hours=12), just_before, SYSTEM) is None


def test_summer_time_does_not_shift_the_handover_time() -> None:
    berlin = System(timezone="Europe/Berlin", holidays="none")
    of = roster(WEEKLY.replace("2026-04-06", "2026-03-16"))
    zone = berlin.zone

    # The clock goes forward on 29 March.
    assert holding(of, (), at("2026-03-30T09:59", zone), berlin).people == ("伊波",)
    assert holding(of, (), at("2026-03-30T10:00", zone), berlin).people == ("佐久川",)


@given(st.integers(0, 12 * 366 * 24 * 60), st.integers(1, 60))
def test_shifts_of_a_24_hour_role_have_no_gap_and_match_every_moment(minutes: int, days: int) -> None:
    begin = at("2020-01-01T00:00") + timedelta(minutes=minutes)
    found = shifts(roster(), (), begin, begin + timedelta(days=days), SYSTEM)

    assert [shift.end for shift in found[:-1]] == [shift.start for shift in found[1:]]
    assert (found[0].start, found[-1].end) == (begin, begin + timedelta(days=days))
    for shift in found:
        middle = shift.start + (shift.end - shift.start) / 2
        assert holding(shift.roster, (), middle, SYSTEM) == shift.watch


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ('handover = "毎週月曜"', "BD004", "毎週月曜 10:00"),
        ('handover = "1時間毎"', "BD004", "毎週月曜 10:00"),
        ('handover = "そのうち"', "BD004", "毎週月曜 10:00"),
        ('hours = "昼間"', "BD004", "平日 9:00-18:00"),
        ("people = []", "BD004", "空です"),
        ("since = 1999-12-31", "BD004", "許される範囲の外です"),
        ('shift = "x"', "BD002", "「shift」という項目はありません"),
    ],
)
def test_an_invalid_layer_is_refused_with_its_line(line: str, code: str, says: str) -> None:
    key = line.split(" =", maxsplit=1)[0]
    kept = [
        each for each in WEEKLY.replace("duty.当番", 'duty."当番"').splitlines() if not each.startswith(key)
    ]

    with pytest.raises(UnreadableBindings) as refused:
        read_bindings("\n".join([*kept, line]), Path("toban.toml"), schema())

    assert [each.code for each in refused.value.findings] == [code]
    assert says in str(refused.value)


def test_a_rotation_without_a_start_day_counts_from_a_fixed_day() -> None:
    of = roster(WEEKLY.replace("since = 2026-04-06\n", ""))

    assert of.layers[0].since == date(2024, 1, 1)
    assert who("2024-01-01T10:00", of) == "上原"
