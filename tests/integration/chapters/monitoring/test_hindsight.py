"""What a changed monitor would have raised, from a real store: equal to an independent replay."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import PARTS
from tests.unit.chapters.monitoring.replaying.apart import slowly

from toban.chapters.monitoring.bindings import MONITORING
from toban.chapters.monitoring.limits import limits_of
from toban.chapters.monitoring.replaying import hindsight
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.asking import PlanHindsight, RowHindsight, plan_hindsight
from toban.engine.telemetry.samples import Sample

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 4, 15, 3, tzinfo=UTC)
SAMPLE = timedelta(seconds=30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DB | CPU使用率 | 0-60% | 80%以上が5分継続 | 95% | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | Slack | 即時 |
| 警告 (Warning) | 開発担当者 | Slack | 即時 |
"""
BINDINGS = """
[channels.slack]
kind = "slack"
webhook = "env:SLACK"

[people."開発担当者"]
"""
type Series = Mapping[tuple[str, str], Sequence[tuple[datetime, float]]]


def edition(text: str) -> Edition:
    bindings = read_bindings(BINDINGS, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(text, "運用設計書.md"), bindings, PARTS.kinds)


@pytest.fixture
def past(store: StoreProcess) -> Series:
    """Two web servers and a database in two days: peaks of all heights, a gap, and quiet."""
    store.telemetry.ensure_schema()
    for table in ("samples", "samples_5m"):
        store.told(f"TRUNCATE TABLE {table}")
    start = NOW - 2 * DAY
    found: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
    for number, (target, instance) in enumerate((("Web", "web-1"), ("Web", "web-2"), ("DB", "db-1"))):
        values = []
        for count in range(2 * 24 * 120):
            at = start + SAMPLE * count + timedelta(seconds=number)
            # Every five hours a peak: another height each, some longer than five minutes.
            peak, within = divmod(count, 600)
            value = 55.0 + peak * 3 if within < 4 + 7 * peak % 40 else 20.0
            if not (number == 1 and 3000 <= count < 3400):
                values.append((at, value))
        found[target, instance] = values
    samples = [
        Sample(Metric.CPU_USAGE, target, instance, at, value)
        for (target, instance), some in found.items()
        for at, value in some
    ]
    store.telemetry.write(samples, token=uuid4().hex)
    return found


def looked_back(
    store: StoreProcess, old: str, new: str, *, days: int = 2, seconds: float = 60
) -> PlanHindsight:
    return plan_hindsight(
        edition(old), edition(new), days, NOW, telemetry=store.telemetry, ports=PARTS.ports, seconds=seconds
    )


def answer(found: PlanHindsight) -> Mapping[str, Any]:
    (row,) = found.rows
    return told(row)


def told(row: RowHindsight) -> Mapping[str, Any]:
    (alerts,) = (each for each in row.found if each.about == "alerts")
    return alerts.values


def unknown(found: PlanHindsight) -> list[str]:
    """Return why nothing is known, once each."""
    said: list[Mapping[str, Any]] = [dict(each.values) for row in found.rows for each in row.found]
    return list(dict.fromkeys(each["unknown"]["code"] for each in said))


def independently(text: str, row: str, series: Series) -> list[tuple[str, str, str | None]]:
    """Return instance, beginning and end of every alert by the judge that is written apart."""
    of = edition(text)
    (monitor,) = (each for each in of.design.of(Monitor) if each.target == row)
    demands = limits_of(monitor, MONITORING.of(of.bindings))
    return sorted(
        (instance, opened.isoformat(), ended.isoformat() if ended else None)
        for (target, instance), readings in series.items()
        if target == row
        for opened, _worst, ended in slowly(readings, demands)
    )


def listed(side: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    return sorted((each["instance"], each["opened_at"], each["resolved_at"]) for each in side["newest"])


@pytest.mark.parametrize(
    ("target", "before", "after"),
    [
        ("Web", "| 70% | 85% |", "| 65% | 85% |"),
        ("Web", "| 70% | 85% |", "| 70%以上が5分継続 | 85% |"),
        ("DB", "80%以上が5分継続", "80%以上が15分継続"),
    ],
)
def test_the_replay_equals_an_independent_one_row_by_row(
    store: StoreProcess, past: Series, target: str, before: str, after: str
) -> None:
    new = DOCUMENT.replace(before, after)

    found = answer(looked_back(store, DOCUMENT, new))

    assert listed(found["old"]) == independently(DOCUMENT, target, past)
    assert listed(found["new"]) == independently(new, target, past)
    assert found["old"]["alerts"] != found["new"]["alerts"]


def test_a_lower_threshold_says_how_many_more_at_night_and_to_whom(store: StoreProcess, past: Series) -> None:
    found = looked_back(store, DOCUMENT, DOCUMENT.replace("| 70% | 85% |", "| 65% | 85% |"))

    new, old = answer(found)["new"], answer(found)["old"]
    assert new["alerts"] > old["alerts"] > 0
    assert new["told"]["開発担当者"] > old["told"]["開発担当者"]
    assert new["night"] <= new["off_hours"] <= new["alerts"]
    assert answer(found)["actual"] == 0
    (row,) = found.rows
    assert any(each.code == "hindsight.alerts" for each in row.said)
    # The ledger has no alert, though the former row would have raised some: that is said.
    assert any(each.code == "hindsight.actual" for each in row.said)


def test_a_past_that_is_shorter_than_asked_says_so(store: StoreProcess, past: Series) -> None:
    found = looked_back(store, DOCUMENT, DOCUMENT.replace("| 70% | 85% |", "| 65% | 85% |"), days=90)

    (row,) = found.rows
    (known,) = (each for each in row.said if each.code == "hindsight.known")
    assert str(known.values["span"]) == "2日"
    assert answer(found)["known_from"] == (NOW - 2 * DAY).isoformat()


def test_without_samples_it_is_not_said_that_there_were_no_alerts(store: StoreProcess, past: Series) -> None:
    row = "| Cache | CPU使用率 | 0-60% | {} | 85% | 1分 |\n"
    old, new = (DOCUMENT.replace("| DB | CPU", row.format(limit) + "| DB | CPU") for limit in ("70%", "65%"))

    found = answer(looked_back(store, old, new))

    assert found["unknown"]["code"] == "hindsight.nothing-measured"
    assert "old" not in found


def test_an_added_row_is_compared_with_nothing(store: StoreProcess, past: Series) -> None:
    old = DOCUMENT.replace("| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |\n", "")

    found = answer(looked_back(store, old, DOCUMENT))

    assert found["old"]["alerts"] == 0
    assert listed(found["new"]) == independently(DOCUMENT, "Web", past)


def test_what_takes_too_long_is_unknown_and_a_failed_look(store: StoreProcess, past: Series) -> None:
    found = looked_back(store, DOCUMENT, DOCUMENT.replace("| 70% |", "| 65% |"), seconds=0)

    assert found.is_failed
    assert unknown(found) == ["hindsight.out-of-time"]


def test_a_row_of_which_no_past_is_kept_says_so(store: StoreProcess, past: Series) -> None:
    text = DOCUMENT + "\n## 8. セキュリティ運用\n\n### アクセス管理\n- **MFA**: 本番環境アクセスは必須\n"

    found = looked_back(store, text, text.replace("本番環境アクセスは必須", "全環境で必須"))

    assert unknown(found) == ["hindsight.no-past"]


def test_a_changed_matrix_without_alerts_is_unknown(store: StoreProcess, past: Series) -> None:
    new = DOCUMENT.replace("| 警告 (Warning) | 開発担当者 |", "| 警告 (Warning) | 運用責任者 |")

    found = looked_back(store, DOCUMENT, new)

    assert unknown(found) == ["hindsight.no-alerts"]


def test_readings_that_lie_too_far_apart_say_nothing_about_a_shorter_interval(
    store: StoreProcess, past: Series
) -> None:
    # Every 30 seconds: a row of ten seconds would take each gap for a silence.
    new = DOCUMENT.replace("| 70% | 85% | 1分 |", "| 70% | 85% | 10秒 |")
    close = DOCUMENT.replace("| 70% | 85% | 1分 |", "| 70% | 85% | 5分 |")

    assert unknown(looked_back(store, DOCUMENT, new)) == ["hindsight.too-far-apart"]
    assert answer(looked_back(store, DOCUMENT, close))["new"]["alerts"] > 0


def test_more_readings_of_the_newest_hour_than_can_be_read_are_unknown(
    store: StoreProcess, past: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hindsight, "_MOST_READINGS", 100)

    # Every reading is above the new threshold, so that not even the newest hour can be skipped.
    found = looked_back(store, DOCUMENT, DOCUMENT.replace("| 70% | 85% |", "| 10% | 85% |"))

    assert unknown(found) == ["hindsight.too-many-instances"]
    assert found.is_failed
