"""Invoices from a real database: numbered without gaps, despite kills and however often it runs."""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from pypdf import PdfReader
from tests.integration.chapters.batch.kinds.conftest import HandTurn, read, room_for
from tests.registered import schema

from toban.design.clauses.batch import Batch
from toban.design.reader import read_design
from toban.engine import paper
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.kinds import BATCHES, NotBindable, Site
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Step, StepFailed
from toban.message import from_json
from toban_invoices import kind, service
from toban_invoices.models import Invoice, Revision

pytestmark = pytest.mark.django_db(transaction=True)

CLOSING = datetime(2026, 11, 30, 23, tzinfo=ZoneInfo("Asia/Tokyo"))
DOCUMENT = """# 運用設計書

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B003 | 月次請求書生成 | {when} | 請求書PDF生成 | 手動再実行 |
"""
BOUND = '''
[batches.B003]
kind = "invoices"
dsn = "env:BOOKS"
folder = "invoices"
query = """
SELECT customer, name, item, yen AS amount, rate AS tax_rate, at::date AS day
FROM sales WHERE at >= %(start)s AND at < %(end)s ORDER BY customer, at
"""
{more}
[batches.B003.issuer]
name = "南風商店株式会社"
registration = "T9999999999999"
{issuer}
'''
SALES = """
CREATE TABLE sales (customer int, name text, item text, yen int, rate int, at timestamptz);
INSERT INTO sales VALUES
    (5, '喫茶うみかぜ', '南風の塩', 680, 8, '2026-10-31 22:59:59+09'),
    (5, '喫茶うみかぜ', '黒糖', 540, 8, '2026-10-31 23:00+09'),
    (5, '喫茶うみかぜ', '手ぬぐい', 1655, 10, '2026-11-30 22:59:59.999+09'),
    (6, '宿 なぎさ', '月桃茶', 1100, 8, '2026-11-15 12:00+09'),
    (6, '宿 なぎさ', '海ぶどう', 1480, 8, '2026-11-30 23:00+09');
"""


@pytest.fixture(autouse=True)
def has_font() -> None:
    try:
        paper.font()
    except paper.NoFont as reason:
        pytest.skip(str(reason))


@pytest.fixture
def sales(books: str) -> str:
    """Create a database with sales before and after the closings; return its DSN."""
    with psycopg.connect(books) as connection:
        connection.execute(SALES)
    return books


def site(folder: Path, *, when: str = "月次 | 月末23:00", more: str = "", issuer: str = "") -> Site:
    design = read_design(DOCUMENT.format(when=when), "運用設計書.md")
    text = BOUND.replace("{more}", more).replace("{issuer}", issuer)
    bindings = read_bindings(text, folder / "toban.toml", schema(batches={"invoices": kind.KIND.config}))
    [batch] = design.of(Batch)
    return Site(batch, design, bindings)


def steps(place: Site) -> tuple[Step, ...]:
    return kind.KIND.steps(BATCHES.of(place.bindings)["B003"].config, place)


def bill(place: Site, run: int = 1, due_at: datetime = CLOSING, **parameters: str) -> HandTurn:
    """Do all steps as one run."""
    turn = HandTurn(due_at, parameters, run_id=run)
    for step in steps(place):
        turn.results[step.name] = step.act(turn)
    return turn


def change(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(statement.encode())


def numbers() -> list[tuple[str, str, int]]:
    """Return every number with its customer and its number of revisions."""
    invoices = Invoice.objects.order_by("series", "number")
    return [(each.text, each.customer, each.revisions.count()) for each in invoices]


def text_of(file: Path) -> str:
    return "".join(page.extract_text() for page in PdfReader(file).pages)


def manifest(folder: Path) -> list[dict[str, str]]:
    text = (folder / "invoices" / "2026-11-30" / "manifest.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_every_customer_gets_a_pdf_of_their_purchases_between_the_closings(
    sales: str, tmp_path: Path
) -> None:
    turn = bill(site(tmp_path))

    folder = tmp_path / "invoices" / "2026-11-30"
    first, second = text_of(folder / "2026-00001.pdf"), text_of(folder / "2026-00002.pdf")
    assert "喫茶うみかぜ 御中" in first
    assert "黒糖 ※" in first
    assert "手ぬぐい" in first
    assert "南風の塩" not in first  # before the closing of October
    assert "合計 (税込) ¥2,403" in first  # 540 + 43 + 1655 + 165
    assert "海ぶどう" not in second  # after the closing of November
    assert turn.said[-1] == f"2026年11月分: 請求書 2 件、合計 ¥3,591 → {folder}"
    assert sorted(each.name for each in folder.iterdir()) == [
        "2026-00001.pdf", "2026-00002.pdf", "manifest.csv",
    ]  # fmt: skip


def test_the_manifest_names_every_file_with_its_digest_and_amount(sales: str, tmp_path: Path) -> None:
    bill(site(tmp_path))

    first, _second = manifest(tmp_path)
    assert (first["請求書番号"], first["版"], first["状態"], first["宛名"]) == (
        "2026-00001",
        "1",
        "最新",
        "喫茶うみかぜ",
    )
    assert (first["請求金額"], first["うち消費税"]) == ("2403", "208")
    assert first["SHA-256"] == Revision.objects.get(invoice__number=1).sha256
    issued = from_json(LedgerEntry.objects.get(content__run=1).content["issued"])
    assert str(issued) == "2026年11月分: 請求書 2 件、合計 ¥3,591"
    assert issued.in_language("en") == "2026年11月分: 2 invoices, ¥3,591 in total"


def test_running_again_gives_the_same_numbers_files_and_evidence(sales: str, tmp_path: Path) -> None:
    place = site(tmp_path)
    bill(place)
    before = {file: file.read_bytes() for file in (tmp_path / "invoices").rglob("*.*")}

    turn = bill(place, run=2, due_at=CLOSING + timedelta(days=2))

    assert numbers() == [("2026-00001", "5", 1), ("2026-00002", "6", 1)]
    assert turn.results["render"] == {"printed": 0, "untouched": 2}
    assert {file: file.read_bytes() for file in (tmp_path / "invoices").rglob("*.*")} == before


def test_repeating_each_step_as_after_a_kill_leaves_no_gap_and_no_duplicate(
    sales: str, tmp_path: Path
) -> None:
    turn = HandTurn(CLOSING)
    for step in steps(site(tmp_path)):
        step.act(turn)  # done, and killed before it was recorded
        turn.results[step.name] = step.act(turn)

    assert numbers() == [("2026-00001", "5", 1), ("2026-00002", "6", 1)]
    assert len(manifest(tmp_path)) == 2
    assert LedgerEntry.objects.filter(content__run=1).count() == 1


def test_a_worker_stopped_while_printing_resumes_with_the_rest(sales: str, tmp_path: Path) -> None:
    number, render, _ = steps(site(tmp_path))
    turn = HandTurn(CLOSING)
    turn.results["number"] = number.act(turn)
    asked = iter([None, RunReason.STOPPED])
    turn.stops = lambda: next(asked)
    with pytest.raises(StepFailed) as stopped:
        render.act(turn)
    assert stopped.value.reason is RunReason.STOPPED
    printed = Revision.objects.get(invoice__number=1).issued_at

    turn.stops = lambda: None
    result = render.act(turn)

    assert result == {"printed": 1, "untouched": 1}
    assert Revision.objects.get(invoice__number=1).issued_at == printed
    assert turn.told[-1] == (50, "1 / 2 件")


def test_sales_changed_after_issue_create_a_new_revision_of_the_same_number(
    sales: str, tmp_path: Path
) -> None:
    place = site(tmp_path)
    bill(place)
    change(sales, "UPDATE sales SET yen = 1000 WHERE item = '月桃茶'")

    turn = bill(place, run=2)

    assert numbers() == [("2026-00001", "5", 1), ("2026-00002", "6", 2)]
    assert "2026-00002: 内容が変わったため、次の版を発行します" in turn.said
    folder = tmp_path / "invoices" / "2026-11-30"
    assert "¥1,188" in text_of(folder / "2026-00002.pdf")  # a sent invoice stays unchanged
    assert "再発行 第2版" in text_of(folder / "2026-00002-r2.pdf")
    assert "¥1,080" in text_of(folder / "2026-00002-r2.pdf")
    assert [(row["請求書番号"], row["版"], row["状態"]) for row in manifest(tmp_path)] == [
        ("2026-00001", "1", "最新"), ("2026-00002", "1", "差し替え済み"), ("2026-00002", "2", "最新"),
    ]  # fmt: skip


def test_sales_changed_before_issue_create_no_revision(sales: str, tmp_path: Path) -> None:
    place = site(tmp_path)
    steps(place)[0].act(HandTurn(CLOSING))  # killed right after numbering
    change(sales, "UPDATE sales SET yen = 1000 WHERE item = '月桃茶'")

    bill(place)

    assert numbers() == [("2026-00001", "5", 1), ("2026-00002", "6", 1)]
    assert "¥1,080" in text_of(tmp_path / "invoices" / "2026-11-30" / "2026-00002.pdf")


def test_a_number_whose_sales_disappeared_before_issue_is_recorded_as_void(
    sales: str, tmp_path: Path
) -> None:
    place = site(tmp_path)
    steps(place)[0].act(HandTurn(CLOSING))
    change(sales, "DELETE FROM sales WHERE customer = 5")

    turn = bill(place)

    assert "2026-00001: 発行前に明細がなくなったため、欠番です" in turn.said
    assert [(row["請求書番号"], row["状態"]) for row in manifest(tmp_path)] == [
        ("2026-00002", "最新"), ("2026-00001", "欠番"),
    ]  # fmt: skip
    change(sales, "INSERT INTO sales VALUES (5, '喫茶うみかぜ', '塩', 100, 8, '2026-11-20 00:00+09')")
    bill(place, run=2)
    assert numbers() == [("2026-00001", "5", 1), ("2026-00002", "6", 1)]
    assert not Invoice.objects.filter(is_void=True).exists()


def test_an_issued_invoice_whose_sales_disappeared_is_kept_and_reported(sales: str, tmp_path: Path) -> None:
    place = site(tmp_path)
    bill(place)
    change(sales, "DELETE FROM sales WHERE customer = 5")

    turn = bill(place, run=2)

    assert any(each.startswith("2026-00001: 発行済みですが、明細がなくなりました") for each in turn.said)
    assert (tmp_path / "invoices" / "2026-11-30" / "2026-00001.pdf").exists()
    assert numbers()[0] == ("2026-00001", "5", 1)


def test_a_lost_or_damaged_file_is_printed_again_as_it_was(sales: str, tmp_path: Path) -> None:
    place = site(tmp_path)
    bill(place)
    file = tmp_path / "invoices" / "2026-11-30" / "2026-00001.pdf"
    whole, issued_at = file.read_bytes(), Revision.objects.get(invoice__number=1).issued_at
    file.write_bytes(whole[:100])

    turn = bill(place, run=2)

    assert file.read_bytes() == whole
    assert turn.results["render"] == {"printed": 1, "untouched": 1}
    assert Revision.objects.get(invoice__number=1).issued_at == issued_at


def test_numbering_continues_in_the_next_month_and_restarts_in_the_next_year(
    sales: str, tmp_path: Path
) -> None:
    change(sales, "INSERT INTO sales VALUES (6, '宿 なぎさ', '塩', 1, 8, '2027-01-05 00:00+09')")
    place = site(tmp_path)

    for due_at in (CLOSING, CLOSING + timedelta(days=31), CLOSING + timedelta(days=62)):
        bill(place, due_at=due_at)

    assert [number for number, *_ in numbers()] == ["2026-00001", "2026-00002", "2026-00003", "2027-00001"]


def test_a_month_can_be_requested_once_it_has_closed(sales: str, tmp_path: Path) -> None:
    place = site(tmp_path)

    turn = bill(place, due_at=CLOSING + timedelta(days=200), month="2026-11")

    assert turn.results["number"] == {
        "period": "2026-11-30", "title": "2026年11月分", "customers": 2, "numbered": 2,
        "revised": [], "gone": [], "void": [],
    }  # fmt: skip
    with pytest.raises(StepFailed, match="「2026-11」に締めた期間がありません") as refused:
        bill(place, due_at=CLOSING - timedelta(seconds=1), month="2026-11")
    assert refused.value.reason is RunReason.NOT_RUNNABLE


def test_no_number_is_assigned_if_one_row_is_bad(sales: str, tmp_path: Path) -> None:
    change(sales, "UPDATE sales SET item = '' WHERE item = '月桃茶'")

    with pytest.raises(StepFailed, match="何も発行していません\n3 行目: item が空です"):
        bill(site(tmp_path))

    assert numbers() == []


def test_an_unprintable_name_is_refused_before_it_gets_a_number(sales: str, tmp_path: Path) -> None:
    change(sales, "UPDATE sales SET name = '喫茶\U0001f34a' WHERE customer = 5")

    with pytest.raises(StepFailed, match=r"顧客 5: 「\U0001f34a」がフォント .* にありません"):
        bill(site(tmp_path))

    assert numbers() == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("DELETE FROM sales", "syntax error"),
        ("SELECT 1; DROP TABLE sales", "cannot insert multiple commands"),
        ("SELECT count(*) FROM sales, pg_sleep(20)", "1 秒のうちに答えませんでした"),
    ],
)
def test_a_wrong_or_slow_query_fails_and_changes_nothing(
    query: str, words: str, sales: str, tmp_path: Path
) -> None:
    place = site(tmp_path, more='query_timeout = "1秒"')
    config = BATCHES.of(place.bindings)["B003"].config.model_copy(update={"query": query})

    with pytest.raises(StepFailed, match=words):
        kind.KIND.steps(config, place)[0].act(HandTurn(CLOSING))

    with psycopg.connect(sales) as connection:
        assert connection.execute("SELECT count(*) FROM sales").fetchone() == (5,)


def test_a_function_that_writes_is_refused_by_the_read_only_transaction(sales: str, tmp_path: Path) -> None:
    change(
        sales,
        "CREATE FUNCTION spoil() RETURNS int LANGUAGE sql AS 'DELETE FROM sales; SELECT 1'",
    )
    place = site(tmp_path)
    config = BATCHES.of(place.bindings)["B003"].config.model_copy(update={"query": "SELECT spoil()"})

    with pytest.raises(StepFailed, match="read-only transaction"):
        kind.KIND.steps(config, place)[0].act(HandTurn(CLOSING))


def test_the_error_contains_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKS", "host=127.0.0.1 port=1 password=hush user=hush")

    with pytest.raises(StepFailed) as failed:
        steps(site(tmp_path))[0].act(HandTurn(CLOSING))

    assert "データベースから読めません" in str(failed.value)
    assert "hush" not in str(failed.value)


def test_an_unwritable_folder_fails_the_step_and_everything_is_printed_later(
    sales: str, tmp_path: Path
) -> None:
    place = site(tmp_path)
    (tmp_path / "invoices").write_text("in the way")
    with pytest.raises(StepFailed, match="に書けません"):
        bill(place)

    (tmp_path / "invoices").unlink()
    turn = bill(place)

    assert turn.results["render"] == {"printed": 2, "untouched": 0}
    assert numbers() == [("2026-00001", "5", 1), ("2026-00002", "6", 1)]


def test_a_full_disk_leaves_no_partial_file(tmp_path: Path) -> None:
    with room_for(1024), pytest.raises(OSError, match="File too large"):
        service.write(tmp_path / "2026-10-31" / "2026-00001.pdf", b"x" * 4096)

    assert list((tmp_path / "2026-10-31").iterdir()) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[batches.B003.texts]\nnotes = "{{ amonut }}"', "知らない名前か、使えない書き方があります"),
        ('[batches.B003.texts]\nnotes = "{% if %}"', "Unexpected end of expression"),
        (
            '[batches.B003.texts]\nnotes = "{% include \\"/etc/passwd\\" %}"',
            "知らない名前か、使えない書き方があります",
        ),
        ('[batches.B003.texts]\nnotes = "{% load static %}"', "'static' is not a registered tag library"),
        ('payment = "そのうち"', "支払期限として読めません"),
        ('series = "../../%Y"', "「series」の値が正しくありません"),
        ('rounding = "bank"', "'floor', 'half' か 'ceil'"),
    ],
)
def test_a_binding_that_cannot_make_invoices_is_refused_at_once(
    more: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableBindings, match=words):
        site(tmp_path, more=more)


def test_a_registration_number_with_a_typo_is_refused_at_once(tmp_path: Path) -> None:
    text = BOUND.replace("{more}", "").replace("{issuer}", "").replace("T9999999999999", "T8999999999999")

    with pytest.raises(UnreadableBindings, match="「T8999999999999」の検査用数字が合いません"):
        read_bindings(text, tmp_path / "toban.toml", schema(batches={"invoices": kind.KIND.config}))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (lambda folder: site(folder, when="1時間毎 | -"), "請求の締めが決まりません"),
        (lambda folder: site(folder, issuer='logo = "gone.png"'), "gone.png"),
    ],
)
def test_an_unbindable_batch_says_why(place: Callable[[Path], Site], words: str, tmp_path: Path) -> None:
    with pytest.raises((NotBindable, UnreadableBindings), match=words):
        steps(place(tmp_path))


def doubts(place: Site, **change: object) -> list[tuple[str, str]]:
    config = BATCHES.of(place.bindings)["B003"].config.model_copy(update=change)
    return read(kind.KIND.doubts(config, place))


def test_a_correct_binding_raises_no_doubt_and_leaves_no_trace(sales: str, tmp_path: Path) -> None:
    assert doubts(site(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("SELECT customer, name FROM sales;", "列 item、amount、tax_rate がありません"),
        ("SELECT 1; DROP TABLE sales", "syntax error"),
    ],
)
def test_a_query_without_invoice_lines_raises_a_doubt_without_being_executed(
    query: str, words: str, sales: str, tmp_path: Path
) -> None:
    [(doubt, hint)] = doubts(site(tmp_path), query=query)

    assert words in doubt
    assert "query" in hint


def test_a_long_query_is_planned_but_not_executed(sales: str, tmp_path: Path) -> None:
    slow = "SELECT customer, name, item, yen AS amount, rate AS tax_rate FROM sales, pg_sleep(60) -- forever"

    assert doubts(site(tmp_path), query=slow) == []


def test_a_missing_font_raises_a_doubt(sales: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOBAN_FONT", str(tmp_path / "gone.ttf"))

    [(doubt, hint)] = doubts(site(tmp_path))

    assert "gone.ttf" in doubt
    assert "apt-get install" in hint
