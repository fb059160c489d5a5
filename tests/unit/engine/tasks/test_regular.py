"""Which work that no row orders is regular, and the row that would order it."""

from datetime import date, timedelta

import pytest

from toban.design.clauses.routine import Routine
from toban.design.reader import read_design
from toban.design.values.schedule import Cadence, Weekday
from toban.engine.tasks.extras.regular import DoneWork, ProposedRow, proposed

MONDAY = date(2026, 4, 6)
JA = "# 運用設計書\n## 10. 定期作業\n### その他\n"
EN = """# Operations design document
## 2. Monitoring
### Monitors
| Target | Metric | Normal | Warning | Critical |
|---|---|---|---|---|
| Web server | CPU usage | 0-60% | 70% | 85% |
| Database server | CPU usage | 0-60% | 70% | 85% |
## 10. Routine work
### Others
"""


def done(*gaps: int, name: str = "UPS の点検", content: str = "ランプを見る") -> list[DoneWork]:
    days = [MONDAY]
    for gap in gaps:
        days.append(days[-1] + timedelta(days=gap))
    return [DoneWork(name, "運用責任者", content, day) for day in days]


def rows(*gaps: int, ordered: tuple[str, ...] = ()) -> list[ProposedRow]:
    return list(proposed(done(*gaps), ordered))


@pytest.mark.parametrize(
    ("gaps", "cadence"),
    [
        ((1, 1), Cadence.DAILY),
        ((7, 7), Cadence.WEEKLY),
        ((7, 8, 6, 7), Cadence.WEEKLY),
        ((30, 31, 30), Cadence.MONTHLY),
        ((91, 92), Cadence.QUARTERLY),
        ((365, 365), Cadence.YEARLY),
    ],
)
@pytest.mark.parametrize(("language", "document"), [("ja", JA), ("en", EN)])
def test_the_proposed_row_is_read_as_what_was_done(
    gaps: tuple[int, ...], cadence: Cadence, language: str, document: str
) -> None:
    (row,) = rows(*gaps)

    design = read_design(f"{document}{row.markdown(language)}\n", "a.md")

    (found,) = design.of(Routine)
    assert (found.name, found.owner, found.content) == ("UPS の点検", "運用責任者", "ランプを見る")
    assert found.schedule.cadence is cadence
    assert found.schedule.weekdays == ((Weekday.MONDAY,) if cadence is Cadence.WEEKLY else ())
    assert row.times == len(gaps) + 1


@pytest.mark.parametrize("gaps", [(7,), (7, 9), (7, 7, 14), (1, 3, 8), (3, 3, 3), (50, 50)])
def test_what_is_rare_or_irregular_is_not_proposed(gaps: tuple[int, ...]) -> None:
    assert rows(*gaps) == []


def test_what_a_row_orders_already_is_not_proposed() -> None:
    assert rows(7, 7, ordered=("UPSの点検",)) == []


def test_twice_on_one_day_is_once() -> None:
    assert list(proposed([*done(7), *done(7)], ())) == []


def test_words_that_would_end_a_cell_or_a_row_do_not() -> None:
    (row,) = proposed(done(7, 7, name="A | B", content="x\n| 偽の行 | 毎日 | だれか | y |"), ())

    design = read_design(f"{JA}{row.markdown('ja')}\n", "a.md")

    (found,) = design.of(Routine)
    assert found.name == "A | B"
    assert found.owner == "運用責任者"
