"""Daily figures from a real PostgreSQL and a real telemetry store, and their history."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from click.testing import CliRunner
from django.utils.translation import override
from tests.integration.chapters.batch.kinds.conftest import HandTurn, read
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import schema

from toban.chapters.batch.kinds.statistics import kind
from toban.chapters.batch.kinds.statistics.history import history
from toban.chapters.batch.kinds.statistics.models import DailyFigure
from toban.design.clauses.batch import Batch
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.bindings.section import Section
from toban.engine.runs.kinds import BATCHES, NotBindable, Site
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import StepFailed
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry
from toban.faces.cli.batch.statistics import command

pytestmark = pytest.mark.django_db(transaction=True)

TOKYO = ZoneInfo("Asia/Tokyo")
FOUR = datetime(2026, 11, 25, 4, tzinfo=TOKYO)
DOCUMENT = """# 運用設計書

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B004 | データ集計 | 日次 | 深夜4:00 | 統計データ集計 | 再実行 |
"""
SQL = '''
dsn = "env:BOOKS"
query = """
SELECT count(*) AS "注文", sum(yen) AS "売上" FROM sales WHERE at >= %(start)s AND at < %(end)s
"""
units = { "注文" = "件", "売上" = "円" }
'''
MEASURED = """
measured = [
  { name = "応答", target = "API", metric = "レスポンスタイム" },
  { name = "最悪", target = "API", metric = "レスポンスタイム", of = "max" },
]
"""


class Anywhere(Section):
    """A source that is never measured here."""


@pytest.fixture
def sales(books: str) -> str:
    with psycopg.connect(books) as connection:
        connection.execute("""
            CREATE TABLE sales (yen int, at timestamptz);
            INSERT INTO sales VALUES
                (1, '2026-11-22 12:00+09'), (10, '2026-11-23 23:59:59.999+09'),
                (100, '2026-11-24 00:00+09'), (200, '2026-11-24 23:59:59.999+09'),
                (1000, '2026-11-25 00:00+09');
        """)
    return books


@pytest.fixture
def telemetry(store: StoreProcess, monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    """A real store, named in the worker's environment."""
    monkeypatch.setenv("TOBAN_TELEMETRY_URL", store.telemetry_url)
    return store.telemetry


def site(said: str) -> Site:
    design = read_design(DOCUMENT, "運用設計書.md")
    text = f'[targets.API]\nsources = [{{ kind = "any" }}]\n[batches.B004]\nkind = "statistics"\n{said}'
    kinds = schema(batches={"statistics": kind.KIND.config}, sources={"any": Anywhere})
    [batch] = design.of(Batch)
    return Site(batch, design, read_bindings(text, Path("toban.toml"), kinds))


def add_up(place: Site, run: int = 1, due_at: datetime = FOUR, **parameters: str) -> HandTurn:
    named = {name.rstrip("_"): value for name, value in parameters.items()}
    turn = HandTurn(due_at, named, run_id=run)
    [step] = kind.KIND.steps(BATCHES.of(place.bindings)["B004"].config, place)
    turn.results[step.name] = step.act(turn)
    return turn


def kept() -> dict[str, list[str]]:
    return {
        f"{row.day}": [str(each.said) for each in row.figures] for row in history("B004", date.min, date.max)
    }


def test_yesterday_is_summed_from_midnight_to_midnight_in_the_documents_zone(sales: str) -> None:
    turn = add_up(site(SQL))

    assert kept() == {"2026-11-24": ["注文 2件", "売上 300円"]}
    assert str(turn.results["add-up"]) == "2026-11-24: 注文 2件、売上 300円"
    assert turn.said == ["2026-11-24: 注文 2件、売上 300円"]


def test_past_days_can_be_summed_and_repeating_it_changes_nothing(sales: str) -> None:
    turn = add_up(site(SQL), from_="2026-11-21", to="2026-11-24")
    once = kept()

    add_up(site(SQL), run=2, from_="2026-11-21", to="2026-11-24")

    assert once == kept() == {
        "2026-11-21": ["注文 0件", "売上 欠測"],
        "2026-11-22": ["注文 1件", "売上 1円"],
        "2026-11-23": ["注文 1件", "売上 10円"],
        "2026-11-24": ["注文 2件", "売上 300円"],
    }  # fmt: skip
    assert str(turn.results["add-up"]) == "2026-11-21 から 2026-11-24 までの 4 日を集計しました。欠測 1 件"
    assert [text for _, text in turn.told][-1] == "2026-11-24 (3 / 4 日)"


def test_summing_a_day_again_replaces_its_figures_and_their_names(sales: str) -> None:
    add_up(site(SQL))
    with psycopg.connect(sales) as connection:
        connection.execute("DELETE FROM sales WHERE yen = 200")

    add_up(site(SQL.replace("注文", "件数")), run=2)

    assert kept() == {"2026-11-24": ["件数 1件", "売上 100円"]}
    assert set(DailyFigure.objects.values_list("run", flat=True)) == {2}


def stop_after_two_days(run: int = 1) -> None:
    asked = iter([None, None, RunReason.STOPPED])
    turn = HandTurn(FOUR, {"from": "2026-11-21"}, run_id=run, stops=lambda: next(asked))
    place = site(SQL)
    [step] = kind.KIND.steps(BATCHES.of(place.bindings)["B004"].config, place)
    with pytest.raises(StepFailed) as stopped:
        step.act(turn)
    assert stopped.value.reason is RunReason.STOPPED


def test_days_finished_before_a_stop_are_kept(sales: str) -> None:
    stop_after_two_days()

    assert list(kept()) == ["2026-11-21", "2026-11-22"]


def test_a_repeated_run_resumes_after_its_last_stored_day(sales: str) -> None:
    stop_after_two_days()

    turn = add_up(site(SQL), from_="2026-11-21")

    assert turn.said == [
        "2026-11-22 までは集計済みです。2026-11-23 から続けます",
        "2026-11-23: 注文 1件、売上 10円",
        "2026-11-24: 注文 2件、売上 300円",
    ]
    assert [text for _, text in turn.told] == ["2026-11-23 (2 / 4 日)", "2026-11-24 (3 / 4 日)"]
    assert str(turn.results["add-up"]) == "2026-11-21 から 2026-11-24 までの 4 日を集計しました。欠測 1 件"


@pytest.mark.parametrize("run", [1, 2], ids=["the same, once more from its step", "another"])
def test_a_run_with_all_or_none_of_its_days_stored_begins_at_the_first(run: int, sales: str) -> None:
    add_up(site(SQL), from_="2026-11-23", run=1)

    turn = add_up(site(SQL), from_="2026-11-23", run=run)

    assert [said[:10] for said in turn.said] == ["2026-11-23", "2026-11-24"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT yen FROM sales", "5 行を返しました"),
        ("SELECT 'many' AS a", "a の「many」は数ではありません"),
        ("SELECT nothing", 'column "nothing" does not exist'),
    ],
)
def test_a_query_without_figures_fails_and_stores_nothing(query: str, words: str, sales: str) -> None:
    place = site(f'dsn = "env:BOOKS"\nquery = "{query}"')

    with pytest.raises(StepFailed, match=words):
        add_up(place)

    assert kept() == {}


def test_invalid_days_are_refused_without_a_retry(sales: str) -> None:
    with pytest.raises(StepFailed, match="まだ終わっていません") as refused:
        add_up(site(SQL), date="2026-11-25")

    assert refused.value.reason is RunReason.NOT_RUNNABLE


def test_tobans_measurements_are_summed_and_gaps_stay_gaps(
    telemetry: Telemetry,
) -> None:
    start = datetime(2026, 11, 24, tzinfo=TOKYO)

    def sample(minutes: float, value: float, instance: str = "api-1") -> Sample:
        return Sample(Metric.RESPONSE_TIME, "API", instance, start + timedelta(minutes=minutes), value)

    telemetry.ensure_schema()
    half_a_day = [sample(5 * n, 100 if n % 2 else 300) for n in range(144)]
    around = [sample(-0.001, 9999), sample(24 * 60, 9999), sample(1, 500, "api-2"), sample(2, 500, "api-2")]
    telemetry.write([*half_a_day, *around], token="a")

    turn = add_up(site(MEASURED), from_="2026-11-22", to="2026-11-24")

    assert turn.said[0] == "2026-11-22: 応答 欠測、最悪 欠測"
    [mean, worst] = history("B004", date(2026, 11, 24), date(2026, 11, 24))[0].figures
    assert mean.value == round(Decimal((144 * 200 + 2 * 500) / 146), 6)
    assert (worst.value, worst.unit) == (Decimal(500), "ms")
    assert mean.coverage == pytest.approx(0.5)
    assert str(worst.said) == "最悪 500ms (計測 50%)"


def test_two_figures_with_the_same_name_are_refused(sales: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOBAN_TELEMETRY_URL", "http://u:p@127.0.0.1:1/toban")

    with pytest.raises(NotBindable, match="名前「応答」の数が二つ"):
        add_up(site(MEASURED.replace("最悪", "応答")))


def test_the_step_fails_and_stores_nothing_while_the_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOBAN_TELEMETRY_URL", "http://u:hush@127.0.0.1:1/toban")

    with pytest.raises(StepFailed, match="計測値の置き場が応答しません") as failed:
        add_up(site(MEASURED))

    assert "hush" not in str(failed.value)
    assert kept() == {}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", "query か measured を書いてください"),
        ('query = "SELECT 1"', "両方書くものです"),
        ('measured = [{ name = "a", target = "API", metric = "機嫌" }]', "測れる項目ではありません"),
        (
            'measured = [{ name = "a", target = "API", metric = "CPU使用率", of = "sum" }]',
            "'mean', 'min' か 'max'",
        ),
    ],
)
def test_a_binding_without_figures_is_refused_at_once(said: str, words: str) -> None:
    with pytest.raises(UnreadableBindings, match=words):
        site(said)


def test_a_target_that_is_not_bound_is_named() -> None:
    place = site('measured = [{ name = "a", target = "Web", metric = "CPU使用率" }]')

    with pytest.raises(NotBindable, match=r"「Web」という対象が toban\.toml にありません。あるのは API"):
        add_up(place)


def shown(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, arguments)
    return result.exit_code, result.output


def test_the_history_is_shown_as_text_csv_and_json(sales: str) -> None:
    add_up(site(SQL), from_="2026-11-23")
    span = ("--from", "2026-11-23", "--to", "2026-11-24")

    assert shown(*span) == (
        0, "2026-11-23  注文 1件、売上 10円\n2026-11-24  注文 2件、売上 300円\n",
    )  # fmt: skip
    assert shown("B004", "--format", "csv", *span) == (
        0,
        "day,注文,売上\n2026-11-23,1,10\n2026-11-24,2,300\n",
    )
    with override("en"):
        nothing = (0, "B004 has added up no day from 2026-10-01 to 2026-11-01\n")
        assert shown("--to", "2026-11-01") == nothing
    status, text = shown("B004", "--format", "json", "--from", "2026-11-24", "--to", "2026-11-24")
    assert status == 0
    assert '"value": "300"' in text


def test_a_figures_name_is_no_formula_in_csv(sales: str) -> None:
    add_up(site(SQL.replace("注文", "=1+1")), from_="2026-11-24")

    status, text = shown("B004", "--format", "csv", "--from", "2026-11-24", "--to", "2026-11-24")

    assert (status, text.splitlines()[0]) == (0, "day,'=1+1,売上")


def test_a_batch_without_figures_is_refused_with_a_list_of_batches_that_have_them(sales: str) -> None:
    add_up(site(SQL))

    status, text = shown("B009")

    assert status == 1
    assert "「B009」が集計した数字はありません" in text
    assert "B004" in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT count(*) FROM sales WHERE at::date = %(day)s", []),
        ("SELECT count(*) FROM sale", ['relation "sale" does not exist']),
        ("SELECT count(*) FROM sales WHERE at > %(since)s", ["query parameter missing: since"]),
    ],
)
def test_an_invalid_query_raises_a_doubt(query: str, words: list[str], sales: str) -> None:
    place = site(f'dsn = "env:BOOKS"\nquery = "{query}"')

    found = read(kind.KIND.doubts(BATCHES.of(place.bindings)["B004"].config, place))

    assert len(found) == len(words)
    assert all(word in doubt for word, (doubt, _hint) in zip(words, found, strict=True))
