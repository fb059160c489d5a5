"""Batches, their history and their runs as pages, and the orders given there."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.integration.faces.web.conftest import Fixed, SignIn
from tests.integration.faces.web.ledger import (
    CLAUSE,
    DAILY,
    DOCUMENT,
    MONTHLY,
    awaiting,
    made,
    planned,
    put_in_force,
)

from toban.chapters.batch.kinds.statistics.models import DailyFigure
from toban.engine.clock import system_clock
from toban.engine.evidence.status import StatusUpdate, show
from toban.engine.evidence.verdict import Verdict
from toban.engine.people.models import OperatorRole
from toban.engine.runs.claiming.claim import end
from toban.engine.runs.models import Attempt, FinishedStep, HostResult, Run, RunLog
from toban.engine.runs.rules import HostState, RunReason
from toban.message import NOTHING, Message, plain

NOW = system_clock()
PART = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def in_force_with_batches(in_force: Fixed) -> None:
    put_in_force(in_force)


def rows(page: str) -> int:
    return len(re.findall(r'<tr class="row"><td><a class="opens" id="run-', page))


# — the day —


def test_the_day_shows_every_batch_with_last_result_usual_duration_and_next_run(viewer: Client) -> None:
    planned()
    made(due_at=system_clock() - timedelta(days=3), state=Run.State.FAILED, reason=RunReason.FAILED)
    made(due_at=system_clock() - timedelta(days=2))

    page = viewer.get("/batches/").content.decode()

    row = page[page.index(f'href="/batches/{DAILY}">{DAILY} データ集計</a><small') :]
    assert "●</span> 成功" in row[:700]
    assert "30秒" in row[:1000]
    assert "5時間59分後" in row[:1200]
    assert f"{MONTHLY} 月次請求書生成" in page


def test_the_chart_has_a_text_description(viewer: Client) -> None:
    planned()
    made(state=Run.State.RUNNING, reason=RunReason.CLAIMED)

    page = viewer.get("/batches/").content.decode()

    assert re.search(rf'role="group" aria-label="{DAILY} データ集計: [^"]*▶ 実行中', page)
    assert '<rect class="bar running"' in page
    assert 'class="now"' in page


def test_a_day_without_runs_says_so_and_mentions_a_filter_only_if_one_is_set(viewer: Client) -> None:
    planned()

    today = viewer.get("/batches/").content.decode()
    chosen = viewer.get("/batches/", {"state": "failed"}).content.decode()

    assert "この日の実行はまだありません。" in today
    assert "この条件に当てはまる実行はありません。" not in today
    assert "この条件に当てはまる実行はありません。" in chosen


def test_the_result_of_a_successful_run_is_not_repeated(viewer: Client) -> None:
    planned()
    run = made(reason=RunReason.SUCCEEDED, note="請求書 2 件")

    page = viewer.get(f"/runs/{run.pk}").content.decode()
    history = viewer.get(f"/batches/{DAILY}").content.decode()

    assert "<span>成功</span>" not in page
    assert '<td class="words"><small class="note">請求書 2 件</small></td>' in history


def test_a_run_of_another_day_is_shown_on_its_own_day(viewer: Client) -> None:
    planned()
    run = made(due_at=system_clock() - timedelta(days=10))

    today = viewer.get("/batches/").content.decode()
    then = viewer.get("/batches/", {"day": f"{run.due_at + timedelta(hours=9):%Y-%m-%d}"}).content.decode()

    assert (rows(today), rows(then)) == (0, 1)
    assert 'class="now"' not in then[then.index('class="lanes"') :]


@pytest.mark.parametrize("day", ["", "昨日", "2026-02-30", "0000-00-00"])
def test_an_invalid_day_means_today(viewer: Client, day: str) -> None:
    planned()
    made()

    assert rows(viewer.get("/batches/", {"day": day}).content.decode()) == 1


def test_the_runs_of_a_day_are_filtered_by_state_and_name(viewer: Client) -> None:
    planned(DAILY)
    planned(MONTHLY)
    made(DAILY)
    made(DAILY, Run.State.FAILED, RunReason.FAILED, due_at=system_clock() - timedelta(minutes=2))
    awaiting()

    def shown(**query: str) -> int:
        return rows(viewer.get("/batches/", query).content.decode())

    assert shown() == 3
    assert shown(state="failed") == 1
    assert shown(state="awaiting") == 1
    assert shown(q="請求書") == 1
    assert shown(q="ありえない語") == 0


def test_moving_to_another_day_keeps_the_filters(viewer: Client) -> None:
    page = viewer.get("/batches/", {"day": "2026-11-24", "state": "failed", "q": "集計"}).content.decode()

    assert 'href="?day=2026-11-23&amp;state=failed&amp;q=%E9%9B%86%E8%A8%88" rel="prev"' in page


def test_many_runs_of_a_day_are_paginated(viewer: Client) -> None:
    planned()
    now = system_clock()
    for number in range(101):
        made(due_at=now + timedelta(milliseconds=number))

    assert rows(viewer.get("/batches/").content.decode()) == 100
    assert rows(viewer.get("/batches/", {"page": "2"}).content.decode()) == 1


def test_a_batch_that_is_not_bound_says_how_to_bind_it(viewer: Client) -> None:
    page = viewer.get("/batches/").content.decode()

    assert "toban.toml の [batches.バッチID]" in page


def test_other_works_are_shown_on_the_same_day(viewer: Client) -> None:
    key, clause = "backup/PostgreSQL", "backup/backup-policy/PostgreSQL/フルバックアップ"
    planned(key, clause_id=clause)
    run = made(key, clause_id=clause)

    page = viewer.get("/batches/").content.decode()

    assert "その他の実行" in page
    assert f'href="/batches/{key}"' in page
    assert f'href="/runs/{run.pk}"' in page


def test_the_same_url_returns_the_fragment_and_nothing_while_unchanged(viewer: Client) -> None:
    planned()
    run = made(state=Run.State.WAITING, reason=RunReason.ON_TIME, due_at=system_clock() - timedelta(hours=2))

    part = viewer.get("/batches/", headers=PART).content.decode()
    again = re.search(r'hx-get="([^"]+)"', part)
    assert again is not None
    address = again[1].replace("&amp;", "&")
    unchanged = viewer.get(address, headers=PART)
    Run.objects.filter(pk=run.pk).update(state=Run.State.SKIPPED)
    changed = viewer.get(address, headers=PART)

    assert part.lstrip().startswith('<div id="part"')
    assert unchanged.status_code == 204
    assert "見送り" in changed.content.decode()


def test_a_thousand_runs_need_no_more_queries_than_one(viewer: Client) -> None:
    planned()
    now = system_clock()
    made()

    def queries(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert viewer.get(address).status_code == 200
        return len(caught)

    few = [queries("/batches/"), queries(f"/batches/{DAILY}")]
    Run.objects.bulk_create(
        Run(
            work=DAILY, due_at=now - timedelta(seconds=number), clause_id=CLAUSE.format(DAILY), wake_at=now,
            state=Run.State.DONE, reason=RunReason.SUCCEEDED, began_at=now, ended_at=now,
        )
        for number in range(100, 1100)
    )  # fmt: skip
    many = [queries("/batches/"), queries(f"/batches/{DAILY}")]

    assert many == few
    assert max(many) <= 20


# — the history —


def test_the_history_gives_reasons_in_the_same_words_as_the_command(viewer: Client) -> None:
    planned()
    made(state=Run.State.FAILED, reason=RunReason.TIMED_OUT, note="制限時間 600 秒を過ぎました")
    made(state=Run.State.MISSED, reason=RunReason.MISSED, due_at=system_clock() - timedelta(days=1))
    made(
        state=Run.State.WAITING, reason=RunReason.RETRY, due_at=system_clock() - timedelta(minutes=9),
        wake_at=system_clock() + timedelta(minutes=5),
    )  # fmt: skip

    page = viewer.get(f"/batches/{DAILY}").content.decode()

    assert "制限時間を超過" in page
    assert "予定の時刻に Toban が動いていなかった" in page
    assert "失敗し、再試行待ち" in page
    assert "予定の時刻を待っています" in page


def test_the_history_is_filtered_by_state_and_period_and_paginated(viewer: Client) -> None:
    planned()
    now = system_clock()
    for days in range(60):
        state = (
            (Run.State.FAILED, RunReason.FAILED) if days % 10 == 0 else (Run.State.DONE, RunReason.SUCCEEDED)
        )
        made(DAILY, *state, due_at=now - timedelta(days=days, minutes=5))
    begin = now - timedelta(days=9) + timedelta(hours=9)

    def shown(**query: str) -> int:
        return rows(viewer.get(f"/batches/{DAILY}", query).content.decode())

    assert (shown(), shown(page="2")) == (50, 10)
    assert shown(state="failed") == 6
    assert shown(**{"from": f"{begin:%Y-%m-%d}"}) in (9, 10)
    assert shown(to=f"{now - timedelta(days=400):%Y-%m-%d}") == 0
    assert shown(page="999") == 10


@pytest.mark.parametrize(
    "address", ["/batches/B999", "/batches/B004/", "/runs/1", f"/runs/{2**70}", "/runs/x"]
)
def test_an_unknown_page_is_not_found(viewer: Client, address: str) -> None:
    assert viewer.get(address).status_code == 404


def test_a_batch_that_left_the_document_keeps_its_history(viewer: Client, in_force: Fixed) -> None:
    planned(in_force=False)
    made()
    put_in_force(
        in_force, DOCUMENT.replace("| B004 | データ集計 | 日次 | 深夜4:00 | 売上の集計 | 再実行 |\n", "")
    )

    page = viewer.get(f"/batches/{DAILY}").content.decode()

    assert rows(page) == 1
    assert "実行されません" in page


# — a run —


def test_a_run_shows_its_state_times_steps_attempts_parameters_and_who_ordered_it(viewer: Client) -> None:
    planned()
    run = made(
        state=Run.State.RUNNING, reason=RunReason.CLAIMED, ordered_by="kai",
        parameters={"date": "2026-11-24"},
        step="照合", progress_percent=62.4, progress_text="21,300 / 34,100 行",
    )  # fmt: skip
    now = system_clock()
    Attempt.objects.create(run=run, fence=1, holder="ops-1/42", began_at=now)
    FinishedStep.objects.create(
        run=run,
        name="集計",
        fence=1,
        began_at=now - timedelta(seconds=75),
        ended_at=now,
        result={"rows": 34100, "months": ["2026-10", "2026-11"], "digest": "f" * 64, "last": None},
    )

    page = viewer.get(f"/runs/{run.pk}").content.decode()

    assert '<progress max="100" value="62.4"' in page
    assert "21,300 / 34,100 行" in page
    assert "1分15秒" in page
    assert f"rows 34100、months (2)、digest {'f' * 60}…、last null" in page
    assert "<code>date=2026-11-24</code>" in page
    assert "ops-1/42" in page
    assert "<dd>kai</dd>" in page
    assert "運用設計書.md:16" in page


def test_notes_errors_and_log_of_a_run_are_in_the_language_of_the_page(viewer: Client) -> None:
    planned()
    late = Message("runs.past-time-limit", seconds=600.0)
    run = made(state=Run.State.FAILED, reason=RunReason.TIMED_OUT, note=late)
    Attempt.objects.create(run=run, fence=1, holder="ops-1/42", began_at=system_clock(), error=late)
    cut = Message("runs.lines-not-kept", count=2)
    RunLog.objects.create(run=run, fence=1, step="集計", at=system_clock(), text=cut)

    japanese, english = (
        viewer.get(f"/runs/{run.pk}", headers={"Accept-Language": language}).content.decode()
        for language in ("ja", "en")
    )

    assert japanese.count("制限時間 600 秒を過ぎました") == 2
    assert english.count("Exceeded the time limit of 600 s") == 2
    assert "… ほか 2 行は残していません" in japanese
    assert "… 2 more lines were not kept" in english


def test_the_log_continues_after_the_known_lines(viewer: Client) -> None:
    planned()
    run = made(state=Run.State.RUNNING, reason=RunReason.CLAIMED)

    def write(text: str) -> int:
        line = RunLog.objects.create(run=run, fence=1, step="集計", at=system_clock(), text=text)
        return line.pk

    first = write("<b>1 行目</b>")
    page = viewer.get(f"/runs/{run.pk}").content.decode()
    follow = f"/runs/{run.pk}/log?after={first}"
    nothing = viewer.get(follow, headers=PART)
    second = write("2 行目")
    more = viewer.get(follow, headers=PART).content.decode()

    assert "&lt;b&gt;1 行目&lt;/b&gt;" in page
    assert f'hx-get="{follow}"' in page
    assert nothing.status_code == 204
    assert "2 行目" in more
    assert "1 行目" not in more
    assert f"after={second}" in more

    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE)
    assert "hx-get" not in viewer.get(f"/runs/{run.pk}/log?after={second}", headers=PART).content.decode()
    whole = viewer.get(f"/runs/{run.pk}/log")
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "<b>1 行目</b>\n" in whole.content.decode()


@pytest.mark.parametrize("after", ["-1", "x", "²", "9" * 40])
def test_a_log_request_with_an_invalid_position_is_not_found(viewer: Client, after: str) -> None:
    run = made()

    assert viewer.get(f"/runs/{run.pk}/log", {"after": after}, headers=PART).status_code == 404


def test_the_page_of_an_ended_run_stops_polling(viewer: Client) -> None:
    planned()

    assert "hx-trigger" not in viewer.get(f"/runs/{made().pk}").content.decode()


# — the document page —


def test_the_rows_of_the_document_link_to_the_detail_pages(viewer: Client) -> None:
    page = viewer.get("/").content.decode()

    assert f'<a class="more" href="/batches/{DAILY}">実行の履歴</a>' in page
    assert '<a class="more" href="/backups/">バックアップ</a>' in page
    assert re.search(r'<a href="/calendar/"[^>]*><small>次の予定', page)


def test_todays_strip_shows_runs_and_links_to_them(viewer: Client) -> None:
    planned()
    run = made(state=Run.State.FAILED, reason=RunReason.FAILED, due_at=system_clock())

    page = viewer.get("/").content.decode()

    strip = page[page.index('id="today"') :].split("</ol>")[0]
    assert f'<a href="/runs/{run.pk}" tabindex="-1"><rect class="mark failed"' in strip


def test_the_drawer_of_a_batch_shows_its_last_runs_with_their_evidence(viewer: Client) -> None:
    planned()
    run = made(state=Run.State.RUNNING, reason=RunReason.CLAIMED)
    end(run, Run.State.FAILED, RunReason.TIMED_OUT, system_clock(), plain("制限時間 600 秒を過ぎました"))

    part = viewer.get(f"/clauses/{CLAUSE.format(DAILY)}", headers=PART).content.decode()

    runs, history = part.split("判定の履歴")
    assert f'href="/runs/{run.pk}"' in runs
    assert "■</span> 失敗" in runs
    assert "制限時間を超過" in history
    assert f'href="/runs/{run.pk}">実行 {run.pk}</a>' in history


def test_the_pages_keep_the_strict_policy_and_are_available_in_english(sign_in: SignIn) -> None:
    planned()
    run = made(state=Run.State.RUNNING, reason=RunReason.CLAIMED, step="集計", progress_percent=5.0)
    client = sign_in(OperatorRole.DEVELOPER)
    client.post("/i18n/setlang/", {"language": "en", "next": "/"})

    for address in ("/batches/", f"/batches/{DAILY}?ask=run", f"/runs/{run.pk}?ask=cancel"):
        page = client.get(address).content.decode()
        assert "<script>" not in page
        assert "style=" not in page
        assert not re.search(r"\son\w+=", page)
        assert "running" in page
        assert "実行中" not in page


@pytest.mark.parametrize(
    ("state", "reason", "japanese", "english"),
    [
        (None, None, "まだ実行の時刻が来ていません", "not due yet"),
        (Run.State.FAILED, RunReason.TIMED_OUT, "制限時間を超過", "timed out"),
    ],
    ids=["never ran", "failed"],
)
def test_the_reason_for_the_status_of_a_batch_is_in_the_language_of_the_page(
    viewer: Client, state: Run.State | None, reason: RunReason | None, japanese: str, english: str
) -> None:
    planned()
    recorded = "文書の言葉での記録"
    show(
        [StatusUpdate(CLAUSE.format(DAILY), Verdict.NOT_MEASURABLE, NOTHING, plain(recorded), NOW)], NOW, "d"
    )
    if state is not None and reason is not None:
        made(state=state, reason=reason)

    page, in_english = (
        viewer.get(f"/batches/{DAILY}", headers={"Accept-Language": language}).content.decode()
        for language in ("ja", "en")
    )

    record = f'<small class="note">{recorded}</small>' if state is not None else ""
    assert f"<dt>状態</dt><dd>{japanese}{record}</dd>" in page
    assert f"<dt>State</dt><dd>{english}{record}</dd>" in in_english


def test_the_figures_of_a_batch_are_shown_per_day_with_gaps(viewer: Client) -> None:
    planned()
    today = system_clock().astimezone(ZoneInfo("Asia/Tokyo")).date()
    told = [(1, "1234.5", "円"), (1, None, ""), (2, "10", "円"), (15, "8", "円"), (40, "7", "円")]
    told += [(ago, "9", "円") for ago in range(3, 15)]
    DailyFigure.objects.bulk_create(
        DailyFigure(
            work=DAILY, day=today - timedelta(days=ago), name="売上" if unit else "応答", place=0,
            value=value, unit=unit, run=1, computed_at=system_clock(),
        )
        for ago, value, unit in told
    )  # fmt: skip

    page = viewer.get(f"/batches/{DAILY}").content.decode()

    days = page[page.index('id="days"') : page.index('id="history"')]
    assert re.findall(r'<th scope="row">([\d-]+)</th>', days) == [
        f"{today - timedelta(days=ago)}" for ago in range(1, 15)
    ]
    assert '<td class="number">1,234.5</td>' in days
    assert "<small>欠測</small>" in days
    assert '<td class="number">—</td>' in days  # the day before had no such figure
    assert 'id="days"' not in viewer.get(f"/batches/{MONTHLY}").content.decode()


def test_a_run_on_many_hosts_shows_each_with_its_result(viewer: Client) -> None:
    planned()
    run = made(state=Run.State.FAILED, reason=RunReason.FAILED)
    HostResult.objects.create(run=run, name="web-1", state=HostState.DONE, began_at=run.due_at)
    HostResult.objects.create(run=run, name="web-2", state=HostState.FAILED, note=plain("no room"))
    HostResult.objects.create(run=run, name="web-3", state=HostState.WAITING)

    page = viewer.get(f"/runs/{run.pk}").content.decode()

    table = page[page.index('<table class="hosts">') :]
    shown = [table.index(word) for word in ("web-1", "成功", "web-2", "失敗", "no room", "web-3", "待ち")]
    assert shown == sorted(shown)
