"""The alert pages: what they show, and which orders can be given there."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings
from tests.integration.faces.web import firing
from tests.integration.faces.web.conftest import Fixed, Operators, SignIn
from tests.integration.faces.web.firing import CPU, DOCUMENT, fired

from toban.design.reader import Design, read_design
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify import orders
from toban.engine.notify.models import Alert, Announcement, Delivery
from toban.engine.notify.signal import Condition
from toban.engine.people.models import OperatorRole
from toban.engine.runs.models import Run, RunLog
from toban.engine.runs.rules import RunReason
from toban.engine.telemetry import present

PART = {"HX-Request": "true"}
WEB_CPU = "monitoring/monitor/Web/CPU使用率"
HOUR = timedelta(hours=1)


@pytest.fixture
def design(in_force: Fixed) -> Design:
    return firing.put_in_force(in_force)


def text(client: Client, address: str, **more: str) -> str:
    answer = client.get(address, headers=more)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def test_a_system_without_alerts_says_so_and_explains_the_page(design: Design, viewer: Client) -> None:
    page = text(viewer, "/alerts/")

    assert "継続中のアラートはありません。" in page
    assert "文書の行がしきい値を超えると、ここに現れます。" in page


def test_unacknowledged_alerts_come_first_and_then_the_worst(design: Design, viewer: Client) -> None:
    taken = fired(design, Condition.CRITICAL, instance="db-1")
    warning = fired(design, Condition.WARNING, instance="db-2")
    critical = fired(design, Condition.CRITICAL, instance="db-3")
    orders.acknowledge(taken.pk, by="nami", now=system_clock())

    page = text(viewer, "/alerts/")

    places = [page.index(f'id="alert-{alert.pk}"') for alert in (critical, warning, taken)]
    assert places == sorted(places)
    assert "nami が対応中" in page
    assert "送信待ち 2" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=firing", {"db-1"}),
        ("state=acknowledged", {"db-2"}),
        ("state=silenced", {"web-1"}),
        ("state=over", {"db-9"}),
        ("condition=warning", {"db-2"}),
        ("q=Web", {"web-1"}),
        (f"clause={CPU}", {"db-1", "db-2"}),
        ("q=ありません", set()),
        ("from=2199-01-01", set()),
        ("to=1999-01-01&state=over", set()),
    ],
)
def test_the_list_is_filtered_by_the_url(design: Design, viewer: Client, query: str, shown: set[str]) -> None:
    now = system_clock()
    fired(design, instance="db-9", at=now - HOUR)
    fired(design, Condition.OK, instance="db-9", at=now - HOUR / 2)
    fired(design, instance="db-1")
    orders.acknowledge(fired(design, Condition.WARNING, instance="db-2").pk, by="nami", now=now)
    fired(design, clause_id=WEB_CPU, instance="web-1")
    orders.silence({"target": "Web"}, "増設中", ends_at=now + HOUR, by="nami", now=now)

    page = text(viewer, f"/alerts/?{query}")

    names = {"db-1", "db-2", "db-9", "web-1"}
    assert {name for name in names if f"<small>{name}</small>" in page} == shown


def test_five_hundred_alerts_are_paginated(design: Design, viewer: Client) -> None:
    now = system_clock()
    template = fired(design, instance="db-0")
    Alert.objects.bulk_create(
        Alert(
            key=f"{CPU}/db-{number}", clause_id=CPU, citation="運用設計書.md:9", clause_text="DB | CPU使用率",
            subject="DB CPU使用率", condition="critical", value="92%", labels=template.labels,
            began_at=now, opened_at=now, changed_at=now,
        )
        for number in range(1, 500)
    )  # fmt: skip

    page = text(viewer, "/alerts/?page=5")

    assert page.count('class="opens"') == 100
    assert "5 / 5" in page
    assert "継続中 <small>500</small>" in page


def test_an_unchanged_fragment_is_not_sent_again(design: Design, viewer: Client) -> None:
    alert = fired(design)
    for address in ("/alerts/", f"/alerts/{alert.pk}"):
        known = text(viewer, address).partition("known=")[2].partition('"')[0]

        assert viewer.get(f"{address}?known={known}", headers=PART).status_code == 204


def test_the_page_of_an_alert_says_per_stage_who_was_notified_and_who_was_not(
    design: Design, viewer: Client
) -> None:
    alert = fired(design)
    firing.settle(Delivery.State.DELIVERED, "ops", receipt="1732600000.1")
    firing.settle(Delivery.State.FAILED, "mail", error="mail が断りました (550)")

    page = text(viewer, f"/alerts/{alert.pk}")

    assert "配信済み (1732600000.1)" in page
    assert "配信失敗 (mail が断りました (550))" in page
    assert "通知していません: 役割の担当者が決まっていません: 開発担当者" in page
    assert 'class="is-stopped" title="役割の担当者が決まっていません' in page
    assert "検知した" in page


def test_the_page_of_an_alert_shows_its_history_in_order(design: Design, sign_in: SignIn) -> None:
    now = system_clock()
    alert = fired(design, at=now - HOUR)
    orders.acknowledge(alert.pk, by="nami", now=now - HOUR / 2)
    orders.release(alert.pk, by="iha", now=now - HOUR / 3)
    orders.silence({"target": "DB"}, "増設中", ends_at=now - HOUR / 5, by="kai", now=now - HOUR / 4)
    fired(design, Condition.OK, at=now - HOUR / 6, value="41%")

    page = text(sign_in(OperatorRole.DEVELOPER), f"/alerts/{alert.pk}")

    story = page[page.index('class="timeline"') :]
    told = ("しきい値を超過", "検知した", "nami が対応を開始", "iha が対応を取り消し", "kai がミュート")
    places = [story.index(each) for each in (*told, "ミュートが終了", "<b>復旧</b>")]
    assert places == sorted(places)
    assert 'value="take"' not in page


def test_an_alert_about_a_batch_shows_what_the_batch_wrote(design: Design, viewer: Client) -> None:
    alert = fired(design)
    run = Run.objects.create(
        work="B004", clause_id=CPU, due_at=alert.began_at, wake_at=alert.began_at, state=Run.State.FAILED,
        reason=RunReason.FAILED, ordered_by="schedule",
    )  # fmt: skip
    RunLog.objects.create(run=run, fence=1, at=alert.began_at, step="集計", text="接続できませんでした")

    page = text(viewer, f"/alerts/{alert.pk}")

    assert f'href="/runs/{run.pk}"' in page
    assert "<code>接続できませんでした</code>" in page


def test_the_evidence_of_a_row_links_to_its_alerts_and_lists_each_notice_once(
    design: Design, viewer: Client
) -> None:
    now = system_clock()
    alerts = [fired(design, instance=name, at=now) for name in ("db-1", "db-2")]
    told = Announcement.objects.get(alert=alerts[0])
    told.alerts.add(alerts[1], through_defaults={"kind": "firing", "condition": "critical"})

    page = text(viewer, f"/clauses/{CPU}")

    assert all(f'href="/alerts/{alert.pk}"' in page for alert in alerts)
    assert page.count("<br><small>運用設計書.md:14</small>") == Delivery.objects.count()


def test_the_evidence_of_a_matrix_row_lists_the_notices_it_sent(design: Design, viewer: Client) -> None:
    fired(design)
    (matrix_row,) = {each.rule_id for each in Delivery.objects.all()}

    page = text(viewer, f"/clauses/{matrix_row}")

    assert page.count("■ 異常: DB CPU使用率 92%") == Delivery.objects.count()


def test_a_developer_acknowledges_an_alert_with_one_click_and_undoes_it(
    design: Design, sign_in: SignIn
) -> None:
    alert = fired(design)
    client = sign_in(OperatorRole.DEVELOPER)

    taken = client.post(f"/alerts/{alert.pk}", {"act": "take"}, follow=True)
    alert.refresh_from_db()
    assert alert.acknowledged_by == "developer"
    assert "の対応を開始しました。" in taken.content.decode()

    given_back = client.post(f"/alerts/{alert.pk}", {"act": "release"}, follow=True)
    alert.refresh_from_db()
    assert alert.acknowledged_by == ""
    assert "の対応を取り消しました。" in given_back.content.decode()
    actors = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT, content__alert=alert.pk)
    assert list(actors.values_list("actor", "content__order")) == [
        ("developer", "acknowledge"),
        ("developer", "release"),
    ]


def test_an_order_from_the_list_returns_to_the_same_row(design: Design, sign_in: SignIn) -> None:
    alert = fired(design)

    answer = sign_in(OperatorRole.DEVELOPER).post(
        f"/alerts/{alert.pk}", {"act": "take", "list": "state=firing&q=DB"}
    )

    assert answer.headers["Location"] == f"/alerts/?state=firing&q=DB#alert-{alert.pk}"


def test_an_alert_acknowledged_by_someone_else_says_by_whom(design: Design, sign_in: SignIn) -> None:
    alert = fired(design)
    orders.acknowledge(alert.pk, by="nami", now=system_clock())

    answer = sign_in(OperatorRole.DEVELOPER).post(f"/alerts/{alert.pk}", {"act": "take"}, follow=True)

    assert f"アラート {alert.pk} は nami が対応中です" in answer.content.decode()
    alert.refresh_from_db()
    assert alert.acknowledged_by == "nami"


def test_all_filtered_alerts_are_acknowledged_after_confirmation(design: Design, sign_in: SignIn) -> None:
    client = sign_in(OperatorRole.MANAGER)
    for name in ("db-1", "db-2"):
        fired(design, instance=name)
    left_alone = fired(design, clause_id=WEB_CPU, instance="web-1")
    assert "2 件すべての対応を開始" in text(client, "/alerts/?q=DB")
    assert "2件の対応を開始" in text(client, "/alerts/?q=DB&ask=take")

    answer = client.post("/alerts/?q=DB", follow=True)

    assert "2件の対応を開始しました。" in answer.content.decode()
    assert Alert.objects.get(acknowledged_by="").pk == left_alone.pk


def test_a_viewer_sees_no_buttons_and_can_order_nothing(design: Design, viewer: Client) -> None:
    alert = fired(design)
    fired(design, instance="db-2")
    addresses = ["/alerts/", f"/alerts/{alert.pk}", "/alerts/silences", "/alerts/maintenance"]

    pages = "".join(text(viewer, f"{each}?ask=take") for each in addresses)
    answers = [
        viewer.post(f"/alerts/{alert.pk}", {"act": "take"}),
        viewer.post("/alerts/"),
        viewer.post("/alerts/silences", {"target": "DB", "lasting": "60", "reason": "x"}),
        viewer.post("/alerts/maintenance", {"lasting": "60", "reason": "x"}),
    ]

    for sign in ("data-key=", 'name="act"', 'class="ask"', "件すべて", "選んだアラートの対応を開始"):
        assert sign not in pages.replace('data-key="/"', "")
    assert [answer.status_code for answer in answers] == [403] * 4
    assert not Alert.objects.exclude(acknowledged_by="").exists()


def test_cross_site_orders_are_refused(design: Design, operator: Operators) -> None:
    alert = fired(design)
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator("boss", OperatorRole.MANAGER))

    assert client.post(f"/alerts/{alert.pk}", {"act": "take"}).status_code == 403


@pytest.mark.parametrize("address", ["/alerts/999", "/alerts/999/chart", "/alerts/999/logs"])
def test_an_alert_that_does_not_exist_is_not_found(design: Design, viewer: Client, address: str) -> None:
    assert viewer.get(address).status_code == 404


def test_an_unknown_order_is_refused(design: Design, sign_in: SignIn) -> None:
    alert = fired(design)

    answer = sign_in(OperatorRole.MANAGER).post(f"/alerts/{alert.pk}", {"act": "delete"})

    assert answer.status_code == 400


@pytest.mark.parametrize(("name", "said"), [("chart", "測定履歴を読めません"), ("logs", "ログを読めません")])
def test_a_fragment_says_that_it_cannot_be_read_while_the_store_is_down(
    design: Design, viewer: Client, settings: Settings, name: str, said: str
) -> None:
    settings.TELEMETRY_URL = ""
    present.telemetry.cache_clear()
    alert = fired(design)

    part = text(viewer, f"/alerts/{alert.pk}/{name}", **PART)
    page = text(viewer, f"/alerts/{alert.pk}/{name}")

    assert said in part
    assert "<html" not in part
    assert "← DB CPU使用率" in page


def test_the_pages_are_available_in_english_too(design: Design, viewer: Client) -> None:
    alert = fired(design)
    english = {"Accept-Language": "en"}

    assert "Unacknowledged" in text(viewer, "/alerts/", **english)
    page = text(viewer, f"/alerts/{alert.pk}", **english)
    assert "Nobody is assigned to the role" in page


def test_a_silence_is_proposed_for_an_alert_created_shown_and_ended(design: Design, sign_in: SignIn) -> None:
    alert = fired(design)
    client = sign_in(OperatorRole.DEVELOPER)
    proposed = text(client, f"/alerts/silences?alert={alert.pk}")
    # The row is chosen by its words, and what it lasts until is said.
    assert re.search(rf'<option value="{CPU}" selected>\d+: DB \| CPU使用率', proposed)
    assert re.search(r'<option value="60" selected>1時間（(\d+/\d+ )?\d+:\d\d まで）', proposed)
    assert 'name="instance" value="db-1"' in proposed

    client.post("/alerts/silences", {"clause": CPU, "instance": "db-1", "lasting": "120", "reason": "増設中"})

    shown = text(client, "/alerts/silences")
    assert "developer: 増設中" in shown
    assert '<span class="matcher">インスタンス <b>db-1</b></span>' in shown
    assert '<a class="opens" href="/alerts/?state=silenced">1</a>' in shown
    assert "ミュート中" in text(client, "/alerts/?state=silenced")
    number = LedgerEntry.objects.get(content__order="silence").content["silence"]
    ended = client.post("/alerts/silences", {"end": str(number)}, follow=True).content.decode()
    assert "有効なミュートはありません。" in ended
    assert LedgerEntry.objects.get(content__order="end-silence").actor == "developer"


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"batch": "B003", "lasting": "", "reason": "増設中"}, "終了時刻がありません"),
        ({"target": "DB", "lasting": "", "reason": "増設中"}, "終了時刻がありません"),
        ({"target": "DB", "lasting": "60", "reason": " "}, "理由が必要です"),
        ({"lasting": "60", "reason": "増設中"}, "ミュートの条件がありません"),
        ({"target": "DB", "until": "2001-01-01T00:00", "reason": "増設中"}, "終了が開始より前です"),
        ({"target": "DB", "until": "2199-01-01T00:00", "reason": "増設中"}, "30日より長く"),
        ({"end": "999"}, "有効なミュート 999 はありません"),
    ],
)
def test_an_invalid_silence_is_refused_and_the_input_is_kept(
    design: Design, sign_in: SignIn, typed: dict[str, str], complaint: str
) -> None:
    answer = sign_in(OperatorRole.DEVELOPER).post("/alerts/silences", typed)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert complaint in page
    assert f'name="target" value="{typed.get("target", "")}"' in page


def test_a_page_that_follows_leaves_the_messages_to_the_page_that_its_reader_opens(
    design: Design, sign_in: SignIn
) -> None:
    client = sign_in(OperatorRole.DEVELOPER)
    client.post("/alerts/silences", {"clause": CPU, "lasting": "120", "reason": "増設中"})

    assert "ミュートしました" not in text(client, "/alerts/silences", Follows="1")
    assert "ミュートしました" in text(client, "/alerts/silences")


def test_maintenance_is_announced_shown_and_cancelled(design: Design, sign_in: SignIn) -> None:
    client = sign_in(OperatorRole.MANAGER)
    typed = {"from": "2199-01-01T22:00", "until": "2199-01-01T23:00", "reason": "交換"}

    shown = client.post("/alerts/maintenance", typed, follow=True).content.decode()

    assert "システム全体" in shown
    assert "manager: 交換" in shown
    assert "2199/1/1 22:00" in shown
    assert "毎月第2日曜日 2:00-4:00" in shown
    number = LedgerEntry.objects.get(content__order="maintenance").content["maintenance"]
    ended = client.post("/alerts/maintenance", {"end": str(number)}, follow=True).content.decode()
    assert "メンテナンスはありません。" in ended


def test_maintenance_without_an_end_is_refused(design: Design, sign_in: SignIn) -> None:
    answer = sign_in(OperatorRole.MANAGER).post("/alerts/maintenance", {"reason": "交換", "lasting": ""})

    assert answer.status_code == 409
    assert "終了時刻がありません" in answer.content.decode()


def test_a_refused_silence_is_explained_in_english_too(design: Design, sign_in: SignIn) -> None:
    client = sign_in(OperatorRole.DEVELOPER)
    client.cookies["django_language"] = "en"

    page = client.post("/alerts/silences", {"lasting": "60", "reason": "x"}).content.decode()

    assert "<b>A silence needs at least one condition</b><br>Available: " in page


def test_alerts_are_filtered_by_a_reason_that_the_alerts_page_links(design: Design, viewer: Client) -> None:
    alert = fired(design)

    page = text(viewer, f"/alerts/{alert.pk}")
    assert '<a href="/alerts/?reason=notify.reason-unbound-role">' in page
    listed = text(viewer, "/alerts/?reason=notify.reason-unbound-role")
    assert f'id="alert-{alert.pk}"' in listed
    assert (
        '<a href="/alerts/" aria-current="true">役割の担当者が決まっていません <small>1</small></a>' in listed
    )
    assert f'id="alert-{alert.pk}"' not in text(viewer, "/alerts/?reason=notify.reason-muted")


def test_alerts_are_found_by_words_of_their_subject_and_value(design: Design, viewer: Client) -> None:
    alert = fired(design, value="空き 12%")

    for word in ("CPU使用率", "空き", "cpu"):
        assert f'id="alert-{alert.pk}"' in text(viewer, f"/alerts/?q={word}")
    assert f'id="alert-{alert.pk}"' not in text(viewer, "/alerts/?q=メモリ")


def test_an_alert_that_waits_for_its_rows_timing_says_for_what(viewer: Client) -> None:
    delayed = DOCUMENT.replace("| Slack、メール | 即時 |", "| Slack、メール | 5分継続後 |")
    alert = fired(read_design(delayed, "運用設計書.md"))

    page = text(viewer, f"/alerts/{alert.pk}")

    assert "それまでに復旧すれば通知しません (5分継続後: " in page


def test_an_open_page_offers_nothing_any_more_once_the_alert_is_over(design: Design, sign_in: SignIn) -> None:
    alert = fired(design)
    client = sign_in(OperatorRole.DEVELOPER)
    assert 'value="take"' in client.get(f"/alerts/{alert.pk}", headers=PART).content.decode()

    Alert.objects.filter(pk=alert.pk).update(resolved_at=system_clock())

    part = client.get(f"/alerts/{alert.pk}", headers=PART).content.decode()
    assert 'value="take"' not in part
    assert "/alerts/silences?alert=" not in part
