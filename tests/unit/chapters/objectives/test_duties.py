from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.registered import schema

from toban.chapters.objectives.duties import first_gap, statuses
from toban.design.clauses.objectives import ServiceHours
from toban.design.reader import Design, read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.duty.roster import Override, rosters

TOKYO = ZoneInfo("Asia/Tokyo")
WEDNESDAY = datetime(2026, 4, 1, 12, tzinfo=TOKYO)


def design(*hours: str, served: str = "24時間365日") -> Design:
    rows = "\n".join(f"| 役割{n} | 氏名{n} | {each} |" for n, each in enumerate(hours, 1))
    return read_design(
        f"""# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
{rows}

### サービス提供時間
- **稼働時間**: {served}
""",
        "運用設計書.md",
    )


def gap(*hours: str, served: str = "24時間365日", bindings: str = "") -> str:
    read = design(*hours, served=served)
    (service,) = read.of(ServiceHours)
    found = first_gap(
        service, rosters(read, read_bindings(bindings, Path("toban.toml"), schema()).duty), WEDNESDAY
    )
    return str(found.words).removesuffix(" には、対応時間内の役割がありません") if found is not None else ""


@pytest.mark.parametrize(
    ("hours", "served", "expected"),
    [
        (("24時間365日",), "24時間365日", ""),
        (("平日9:00-18:00", "24時間365日"), "24時間365日", ""),
        (("平日9:00-18:00",), "24時間365日", "月曜 00:00"),
        (("平日9:00-18:00", "平日18:00-9:00"), "24時間365日", "月曜 00:00"),
        (("平日9:00-18:00",), "平日9:00-18:00", ""),
        (("平日9:00-18:00",), "平日9:00-18:15", "月曜 18:00"),
        (("平日0:00-24:00", "土日0:00-24:00"), "24時間365日", "祝日の月曜 00:00"),
        (("平日0:00-24:00", "土日祝0:00-24:00"), "24時間365日", ""),
    ],
)
def test_the_first_hour_with_nobody_on_duty_is_named(
    hours: tuple[str, ...], served: str, expected: str
) -> None:
    assert gap(*hours, served=served) == expected


def shown(
    bindings: str, now: datetime = WEDNESDAY, given: Sequence[Override] = ()
) -> dict[str, tuple[Verdict, str, str]]:
    read = design("平日9:00-18:00")
    bound = read_bindings(bindings, Path("toban.toml"), schema())
    told = statuses(read, bound, given, now)
    return {each.clause_id: (each.verdict, str(each.value), str(each.reason)) for each in told}


ROLE = "objectives/duty-role/役割1"


def test_a_role_shows_who_holds_it_and_whether_they_are_on_duty() -> None:
    held = '[people."役割1"]\nname = "上原 なみ"\nemail = "nami@example.com"\n'

    assert shown(held)[ROLE] == (Verdict.CONFORMING, "上原 なみ (対応時間中)", "平日09:00-18:00")
    assert shown(held, WEDNESDAY.replace(hour=18))[ROLE][1] == "上原 なみ (対応時間外)"
    # 昭和の日
    assert shown(held, datetime(2026, 4, 29, 12, tzinfo=TOKYO))[ROLE][1] == "上原 なみ (対応時間外)"


def test_an_unassigned_or_unreachable_role_says_what_to_write() -> None:
    assert shown("")[ROLE][2] == (
        '役割「役割1」の担当者が toban.toml にありません: [people."役割1"] を書いてください'
    )
    unreachable = shown('[people."役割1"]\nname = "上原 なみ"\n')[ROLE]
    assert unreachable[0] is Verdict.UNBOUND
    assert "email か slack" in unreachable[2]


def test_hours_a_rotation_does_not_cover_are_a_gap() -> None:
    by_day = '[[duty."役割1".layers]]\npeople = ["上原"]\nhours = "毎日9:00-18:00"\n'
    by_night = '[[duty."役割1".layers]]\npeople = ["伊波"]\nhours = "毎日18:00-9:00"\n'

    assert gap("24時間365日", bindings=by_day) == "月曜 00:00"
    assert gap("24時間365日", bindings=by_day + by_night) == ""


TURNS = """
[[duty."役割1".layers]]
people = ["上原", "伊波"]
handover = "毎週月曜 9:00"
since = 2026-03-30

[people."上原"]
name = "上原 なみ"
email = "nami@example.com"

[people."伊波"]
slack = "U02"
"""


def test_a_role_with_a_rotation_shows_who_is_on_duty_and_who_is_next() -> None:
    verdict, value, reason = shown(TURNS)[ROLE]

    assert (verdict, value) == (Verdict.CONFORMING, "上原 なみ (対応時間中)")
    assert reason == "平日09:00-18:00\n次は 2026-04-06 09:00 から 伊波"


def test_a_deputy_is_shown_with_who_ordered_it_why_and_until_when() -> None:
    end = WEDNESDAY + timedelta(hours=2)
    given = Override(7, "役割1", "伊波", "nami", "通院", WEDNESDAY - timedelta(hours=1), end)

    verdict, value, reason = shown(TURNS, given=[given])[ROLE]

    assert (verdict, value) == (Verdict.CONFORMING, "伊波 (対応時間中)")
    assert "2026-04-01 14:00 まで代理 (nami: 通院)" in reason
    assert "次は 2026-04-01 14:00 から 上原 なみ" in reason


def test_everyone_in_a_rotation_must_be_reachable() -> None:
    verdict, _, reason = shown(TURNS.replace('slack = "U02"', ""))[ROLE]

    assert verdict is Verdict.UNBOUND
    assert reason == 'toban.toml の [people."伊波"] に email か slack か pagerduty か phone を書いてください'


def test_a_role_unassigned_during_its_hours_deviates() -> None:
    night_only = TURNS.replace("since", 'hours = "毎日18:00-9:00"\nsince')

    assert shown(night_only)[ROLE][:2] == (Verdict.DEVIATING, "だれもいません")
    assert shown(night_only, WEDNESDAY.replace(hour=20))[ROLE][:2] == (
        Verdict.CONFORMING,
        "上原 なみ (対応時間外)",
    )


def test_hours_that_only_unassigned_roles_cover_are_not_green() -> None:
    read = design("24時間365日")
    (service,) = read.of(ServiceHours)

    def judged(bindings: str) -> tuple[Verdict, str]:
        told = statuses(read, read_bindings(bindings, Path("toban.toml"), schema()), (), WEDNESDAY)
        return next((each.verdict, str(each.reason)) for each in told if each.clause_id == service.id)

    verdict, reason = judged("")

    assert verdict is Verdict.UNBOUND
    assert '[people."役割1"]' in reason
    assert judged('[people."役割1"]\nemail = "nami@example.com"\n')[0] is Verdict.CONFORMING
