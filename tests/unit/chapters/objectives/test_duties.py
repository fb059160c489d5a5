from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.objectives.duties import first_gap, statuses
from toban.design.clauses.objectives import DutyRole, ServiceHours
from toban.design.reader import Design, read_design
from toban.engine.bindings.load import Kinds, read_bindings
from toban.engine.evidence.verdict import Verdict

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


def gap(*hours: str, served: str = "24時間365日") -> str:
    read = design(*hours, served=served)
    (service,) = read.of(ServiceHours)
    found = first_gap(service, read.of(DutyRole), WEDNESDAY)
    return f"{'月火水木金土日'[found.weekday()]} {found:%H:%M}" if found else ""


@pytest.mark.parametrize(
    ("hours", "served", "expected"),
    [
        (("24時間365日",), "24時間365日", ""),
        (("平日9:00-18:00", "24時間365日"), "24時間365日", ""),
        (("平日9:00-18:00",), "24時間365日", "月 00:00"),
        (("平日9:00-18:00", "平日18:00-9:00"), "24時間365日", "月 00:00"),
        (("平日9:00-18:00",), "平日9:00-18:00", ""),
        (("平日9:00-18:00",), "平日9:00-18:15", "月 18:00"),
    ],
)
def test_the_first_hour_at_which_nobody_is_there_is_named(
    hours: tuple[str, ...], served: str, expected: str
) -> None:
    assert gap(*hours, served=served) == expected


def shown(bindings: str, now: datetime = WEDNESDAY) -> dict[str, tuple[Verdict, str, str]]:
    read = design("平日9:00-18:00")
    bound = read_bindings(bindings, Path("toban.toml"), Kinds())
    return {each.clause_id: (each.verdict, each.value, each.reason) for each in statuses(read, bound, now)}


ROLE = "objectives/duty-role/役割1"


def test_a_role_shows_who_holds_it_and_whether_they_are_on_duty() -> None:
    held = '[people."役割1"]\nname = "上原 なみ"\nemail = "nami@example.com"\n'

    assert shown(held)[ROLE] == (Verdict.CONFORMING, "上原 なみ (対応時間中)", "平日09:00-18:00")
    assert shown(held, WEDNESDAY.replace(hour=18))[ROLE][1] == "上原 なみ (対応時間外)"
    # 昭和の日
    assert shown(held, datetime(2026, 4, 29, 12, tzinfo=TOKYO))[ROLE][1] == "上原 なみ (対応時間外)"


def test_a_role_that_nobody_holds_or_that_cannot_be_reached_says_what_to_write() -> None:
    assert shown("")[ROLE][2] == (
        '役割「役割1」の担当者が toban.toml にありません: [people."役割1"] を書いてください'
    )
    unreachable = shown('[people."役割1"]\nname = "上原 なみ"\n')[ROLE]
    assert unreachable[0] is Verdict.UNBOUND
    assert "email か slack" in unreachable[2]
