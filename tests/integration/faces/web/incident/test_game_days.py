"""Game days on the page: what can be made, what has answered, and how one is ordered."""

from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.chapters.incident.gameday.day import KEY, ROW, SECOND, Day
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.incident.test_incidents import page, text
from tests.registered import PARTS

from toban.chapters.incident.gameday import holding
from toban.chapters.incident.models import GameDay
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.paper import NoFont, font
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import StepFailed
from toban.faces.document.address import evidence_address

NAME = "Webサーバーダウン"
LIST = "/incidents/game-days/"
HOLD = f"{LIST}hold"


@pytest.fixture(autouse=True)
def day(shown: Iterator[None], in_force: Fixed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    """A game day whose edition is in force, and whose work the run ledger knows."""
    del shown
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    day = Day(tmp_path, now=system_clock() - timedelta(hours=1))
    in_force.edition = day.edition
    plan_due([day.work], day.now)
    Run.objects.filter(pk=day.run.pk).update(state=Run.State.DONE)
    return day


def held(day: Day) -> GameDay:
    """Hold the game day, in which everything answers but the remedy."""
    day.do("break")
    alert = day.alert()
    incident = day.incident(alert)
    incident.recovered_at = alert.resolved_at = alert.opened_at + 20 * SECOND
    incident.save()
    alert.save()
    with pytest.raises(StepFailed):
        day.do("watch", "restore", "certify")
    return day.game_day


def form(day: Day, **changed: str) -> dict[str, str]:
    return {"failure": NAME, "name": NAME, "shown": day.plan.acting_digest, **changed}


def posted(client: Client, data: dict[str, str], status: int = 302) -> str:
    answer = client.post(HOLD, data)
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return unescape(answer.content.decode())


def ordered() -> int:
    return Run.objects.filter(work=KEY, state=Run.State.WAITING).count()


def test_the_list_has_what_can_be_made_and_when_the_calendar_makes_it(day: Day, viewer: Client) -> None:
    PlannedWork.objects.filter(key=KEY).update(next_due=system_clock() + timedelta(hours=50))

    said = text(page(viewer, LIST))

    assert "起こせる障害 1 カレンダーでは起こしません。" in said
    assert NAME in said
    assert "(2日2時間後)" in said or "2日1時間後" in said
    assert "DBサーバーダウン" not in said
    assert "ゲームデーはまだありません。" in said
    assert "内容を確かめる" not in said


def test_a_game_day_is_listed_with_each_time_beside_its_limit(day: Day, viewer: Client) -> None:
    found = held(day)

    said = text(page(viewer, LIST))

    assert "■ 不合格" in said
    assert "● 5.0秒 上限 1分" in said
    assert "■ 応じず" in said
    assert f'href="{LIST}{found.pk}"' in page(viewer, LIST)


def test_an_alert_that_it_made_is_marked_where_alerts_are_shown(day: Day, viewer: Client) -> None:
    badge = '<span class="badge">訓練</span>'
    real = day.alert(after=-SECOND)
    assert badge not in page(viewer, f"/alerts/{real.pk}")
    real.delete()
    found = held(day)
    assert found.incident is not None
    made = found.incident.joined.get().alert
    GameDay.objects.update(ended_at=made.resolved_at)

    assert page(viewer, "/alerts/?state=over").count(badge) == 1
    assert badge in page(viewer, f"/alerts/{made.pk}")


def test_its_incident_names_its_row_by_line_and_words(day: Day, viewer: Client) -> None:
    found = held(day)
    assert found.incident is not None
    row = next(each for each in day.edition.design.clauses if each.id == found.incident.clause_id)

    shown = unescape(page(viewer, f"/incidents/{found.incident_id}"))

    assert f'<a href="{evidence_address(row.id)}">{row.origin}</a> {row.text}' in shown


def test_a_page_of_its_own_leads_to_its_incident_its_row_and_its_certificate(
    day: Day, viewer: Client
) -> None:
    found = held(day)

    shown = page(viewer, f"{LIST}{found.pk}")

    assert f'href="/incidents/{found.incident_id}"' in shown
    assert f'href="{LIST}{found.pk}.pdf"' in shown
    assert evidence_address(ROW) in shown
    said = text(shown)
    assert "検知 ● 5.0秒 1分" in said
    assert "対処 ■ 応じず — この行の対処がどれも接続されていません" in said
    assert "hx-get" not in shown.split('id="part"')[1].split(">")[0]


def test_while_it_goes_on_the_page_shows_what_has_answered_until_now(day: Day, viewer: Client) -> None:
    day.do("break")
    day.alert()

    shown = page(viewer, f"{LIST}{day.game_day.pk}")

    said = text(shown)
    assert "▷ 実施中" in said
    assert "検知 ● 5.0秒 1分" in said
    assert "復旧 ◇ 待っています" in said
    assert f'hx-get="{LIST}{day.game_day.pk}?known=' in shown
    assert viewer.get(f"{LIST}{day.game_day.pk}.pdf").status_code == 404
    assert day.is_broken


def test_the_certificate_is_a_pdf(day: Day, viewer: Client) -> None:
    try:
        font()
    except NoFont:
        pytest.skip("needs a Japanese font")
    found = held(day)

    answer = viewer.get(f"{LIST}{found.pk}.pdf")

    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_before_it_is_ordered_the_page_says_what_is_broken_and_what_mends_it(
    day: Day, manager: Client
) -> None:
    shown = text(page(manager, HOLD, data={"failure": NAME}))

    assert " ".join(day.planned.config.breaks) in shown
    assert " ".join(day.planned.config.restore) in shown
    assert "この行の対処が接続されていない" in shown
    assert "誰にも通知されず" in shown
    assert "応じるのを最長 15分 待ちます。" in shown


def test_typing_the_name_orders_it_once_in_the_name_of_who_typed_it(day: Day, manager: Client) -> None:
    posted(manager, form(day))

    run = Run.objects.get(work=KEY, state=Run.State.WAITING)
    assert run.ordered_by == "manager"
    audited = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).latest("sequence")
    assert (audited.actor, audited.clause_id) == ("manager", ROW)
    assert "指示済み" in page(manager, LIST)

    assert "もう指示されています" in posted(manager, form(day), status=409)
    assert ordered() == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"name": "Web"}, "確認のため「Webサーバーダウン」と入力"), ({"shown": "x"}, "接続表が変わりました")],
)
def test_another_name_or_other_commands_than_were_shown_order_nothing(
    day: Day, manager: Client, changed: dict[str, str], said: str
) -> None:
    assert said in posted(manager, form(day, **changed), status=409)
    assert ordered() == 0


def test_on_top_of_real_trouble_it_is_refused_in_words_before_and_after(day: Day, manager: Client) -> None:
    real = day.incident(day.alert(resolved_at=day.now))

    assert f"障害 #{real.pk} が未完了です" in page(manager, HOLD, data={"failure": NAME})
    assert f"障害 #{real.pk} が未完了です" in posted(manager, form(day), status=409)
    assert ordered() == 0


def test_a_viewer_orders_nothing(day: Day, viewer: Client) -> None:
    assert viewer.get(HOLD, {"failure": NAME}).status_code == 403
    assert viewer.post(HOLD, form(day)).status_code == 403
    assert ordered() == 0


@pytest.mark.parametrize("failure", ["停電", "", "DBサーバーダウン"])
def test_what_can_not_be_made_has_no_page(day: Day, manager: Client, failure: str) -> None:
    del day
    assert manager.get(HOLD, {"failure": failure}).status_code == 404
    assert manager.post(HOLD, {"failure": failure}).status_code == 404


def test_a_run_that_made_nothing_says_why_in_the_list(day: Day, viewer: Client) -> None:
    Run.objects.filter(pk=day.run.pk).update(
        state=Run.State.FAILED, note={"code": "incident-gameday.in-maintenance", "values": {}}
    )

    assert "メンテナンス中です。誰にも通知されません" in page(viewer, LIST)


def test_the_incident_and_the_row_lead_to_the_game_day(day: Day, viewer: Client) -> None:
    found = held(day)

    assert f'href="{LIST}{found.pk}"' in page(viewer, f"/incidents/{found.incident_id}")
    assert f'href="{LIST}{found.pk}"' in page(viewer, evidence_address(ROW))
    assert f'href="{LIST}"' in page(viewer, "/incidents/")


def test_without_bindings_it_says_how_to_bind(in_force: Fixed, day: Day, viewer: Client) -> None:
    read = read_bindings("", day.folder / "toban.toml", PARTS.schema)
    in_force.edition = Edition(day.edition.design, read, PARTS.kinds)

    assert "[faults]" in page(viewer, LIST)


def test_an_unknown_number_is_not_found(viewer: Client) -> None:
    assert viewer.get(f"{LIST}4711").status_code == 404
    assert viewer.get(f"{LIST}4711.pdf").status_code == 404


def test_what_has_not_changed_is_not_sent_again(day: Day, viewer: Client) -> None:
    del day
    first = viewer.get(LIST, headers={"HX-Request": "true"}).content.decode()
    known = first.split("known=")[1].split('"')[0]

    assert viewer.get(LIST, {"known": known}, headers={"HX-Request": "true"}).status_code == 204


def test_the_list_is_filtered_by_failure(day: Day, viewer: Client) -> None:
    found = held(day)
    opens = f'class="opens" href="{LIST}{found.pk}"'

    assert opens in page(viewer, LIST, data={"failure": NAME})
    assert opens not in page(viewer, LIST, data={"failure": "停電"})
