"""The calendar as a page, and as a feed for calendar programs."""

import re
from datetime import datetime, time, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.integration.faces.web.conftest import PASSWORD, Fixed, Operators, SignIn
from tests.integration.faces.web.ledger import DOCUMENT, put_in_force

from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.recorded import RecordedChange
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.audit import record
from toban.engine.people.first import renewed_password
from toban.engine.people.models import FeedToken, Operator, OperatorRole

TOKYO = ZoneInfo("Asia/Tokyo")
STOCKTAKING = "定期作業 棚卸し"


@pytest.fixture(autouse=True)
def in_force_with_times(in_force: Fixed) -> None:
    put_in_force(in_force)


def days_with(page: str, title: str) -> list[str]:
    """Return the days of the displayed month that contain *title*."""
    cells = re.findall(r"<td class=\"[^\"]*\"><time datetime=\"([\d-]+)\">(.*?)</td>", page, re.DOTALL)
    return [day for day, cell in cells if title in cell]


def began(at: datetime) -> None:
    """Write the first line of evidence at *at*."""
    LedgerEntry.objects.create(
        sequence=0, at=at, kind=LedgerEntry.Kind.AUDIT, actor="toban", content={}, digest="first"
    )


# — the page —


def test_a_month_shows_the_entries_of_each_day_and_holidays_by_name(viewer: Client) -> None:
    page = viewer.get("/calendar/", {"month": "2026-11"}).content.decode()

    assert days_with(page, STOCKTAKING) == ["2026-11-08"]
    assert days_with(page, "バッチ B003 月次請求書生成") == ["2026-11-30"]
    assert days_with(page, "文化の日") == ["2026-11-03"]


def test_daily_entries_are_listed_above_the_month_unless_requested(viewer: Client) -> None:
    page = viewer.get("/calendar/", {"month": "2026-11"}).content.decode()
    whole = viewer.get("/calendar/", {"month": "2026-11", "daily": "1"}).content.decode()

    assert days_with(page, "B004") == []
    assert re.search(r'<b>毎日</b> .*<span class="at">04:00</span> バッチ B004 データ集計</a>', page)
    assert len(days_with(whole, "B004")) == 35


def test_a_chapter_is_chosen_by_the_url(viewer: Client) -> None:
    page = viewer.get("/calendar/", {"month": "2026-11", "chapter": "batch"}).content.decode()

    assert days_with(page, STOCKTAKING) == []
    assert days_with(page, "B003") == ["2026-11-30"]


def test_overlapping_entries_are_marked_with_what_they_overlap(viewer: Client, in_force: Fixed) -> None:
    put_in_force(in_force, DOCUMENT.replace("日次 | 深夜4:00", "毎週日曜 | 深夜2:00"))

    page = viewer.get("/calendar/", {"month": "2026-11", "only": "together"}).content.decode()

    assert days_with(page, "B004") == [f"2026-11-{day:02}" for day in (1, 8, 15, 22, 29)]
    assert 'title="予定の重なり: バックアップ方針 PostgreSQL フルバックアップ"' in page


def test_the_list_shows_twelve_months(viewer: Client) -> None:
    page = viewer.get(
        "/calendar/", {"month": "2026-11", "view": "list", "chapter": "routine"}
    ).content.decode()

    assert page.count('<li class="row">') == 12
    assert '<time datetime="2026-11-08">2026/11/8</time> 日' in page


def test_each_row_shows_its_next_and_last_time_or_only_the_day_without_a_clock_time(
    viewer: Client,
) -> None:
    began(system_clock() - timedelta(days=40))

    page = viewer.get("/calendar/").content.decode()

    coming = page[page.index('id="coming"') :]
    row = coming[coming.index(f">{STOCKTAKING}</a>") :].split("</tr>")[0]
    assert len(re.findall(r"<time datetime=\"\d{4}-\d\d-\d\d\">", row)) == 2
    assert "00:00" not in row


def test_no_time_is_shown_from_before_toban_was_there(viewer: Client) -> None:
    began(system_clock())

    page = viewer.get("/calendar/").content.decode()

    coming = page[page.index('id="coming"') :]
    row = coming[coming.index("データ集計</a>") :].split("</tr>")[0]
    assert len(re.findall(r"<time", row)) == 1


@pytest.mark.parametrize("month", ["", "2026-13", "9999-12", "0001-01", "いつか", "2026-11-01"])
def test_an_invalid_or_out_of_range_month_means_this_month(viewer: Client, month: str) -> None:
    page = viewer.get("/calendar/", {"month": month}).content.decode()

    # UTC and Tokyo differ by hours: one of them may be in the next month already.
    now = system_clock()
    assert any(f'value="{moment:%Y-%m}"' in page for moment in (now, now + timedelta(hours=9)))


def test_the_calendar_needs_few_queries(viewer: Client) -> None:
    viewer.get("/calendar/")

    with CaptureQueriesContext(connection) as caught:
        viewer.get("/calendar/", {"view": "list", "daily": "1"})

    assert len(caught) <= 12


def changed(text: str, at: datetime | None = None) -> None:
    wanted = RecordedChange(kind=ChangeKind.RELEASE, text=text, about=("Web",), at=at)
    recording.record(wanted, by="ci", now=system_clock())


def test_a_day_says_how_much_changed_and_leads_there(viewer: Client) -> None:
    for text in ("shop 1.4.2", "shop 1.4.3"):
        changed(text)
    record("role-changed", "mira", operator="aki", before="viewer", after="developer")
    today = system_clock().astimezone(TOKYO).date()

    page = viewer.get("/calendar/", {"month": f"{today:%Y-%m}"}).content.decode()

    # Changes of accounts are for managers.
    (found,) = re.findall(r'<a class="changes" href="([^"]+)">(\d+) 件の変更</a>', page)
    assert found[1] == "2"
    listed = viewer.get(unescape(found[0])).content.decode()
    assert "shop 1.4.2" in listed
    assert "shop 1.4.3" in listed


def test_a_change_stands_on_the_day_it_had_in_the_documents_zone(viewer: Client) -> None:
    day = (system_clock() - timedelta(days=2)).astimezone(TOKYO).date()
    midnight = datetime.combine(day, time(0), TOKYO)
    for text, at in (("first", midnight), ("last", midnight + timedelta(hours=23, minutes=59))):
        changed(text, at)

    page = viewer.get("/calendar/", {"month": f"{day:%Y-%m}"}).content.decode()

    assert days_with(page, "2 件の変更") == [day.isoformat()]


# — the feed —


def opened(client: Client) -> str:
    """Create a feed URL and return its path and query."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.post("/calendar/feed", {"act": "open"}).content.decode()
    found = re.search(r'id="feed-address">http://[^/]+(/calendar\.ics\?token=[\w-]+)<', page)
    assert found is not None
    return found[1]


def test_a_session_alone_makes_no_address_that_outlives_it(viewer: Client) -> None:
    answer = viewer.post("/calendar/feed", {"act": "open"})

    assert answer.headers["Location"] == "/accounts/reauthenticate/?next=%2Fcalendar%2F"
    assert not FeedToken.objects.exists()


def test_a_calendar_program_can_read_the_feed_without_signing_in(viewer: Client) -> None:
    address = opened(viewer)

    answer = Client().get(address)

    text = answer.content.decode()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert text.endswith("END:VCALENDAR\r\n")
    assert max(len(line) for line in answer.content.split(b"\r\n")) <= 75


def test_every_event_of_the_feed_has_what_rfc_5545_requires(viewer: Client) -> None:
    text = Client().get(opened(viewer)).content.decode().replace("\r\n ", "")

    events = re.findall(r"BEGIN:VEVENT\r\n(.*?)END:VEVENT", text, re.DOTALL)
    names = [re.findall(r"^UID:(.+)\r$", event, re.MULTILINE) for event in events]
    assert len(events) > 380  # the daily batch and the daily backup of 13 months, and the rest
    assert all(len(found) == 1 for found in names)
    assert len({found[0] for found in names}) == len(events)
    assert all(len(re.findall(r"^DTSTAMP:\d{8}T\d{6}Z\r$", event, re.MULTILINE)) == 1 for event in events)
    assert all(len(re.findall(r"^DTSTART[:;]", event, re.MULTILINE)) == 1 for event in events)


def test_the_feed_reaches_from_last_month_into_the_next_year(viewer: Client) -> None:
    text = Client().get(opened(viewer)).content.decode()

    moments = [datetime.strptime(each, "%Y%m%dT%H%M%S%z") for each in re.findall(r"DTSTART:(\w+)", text)]
    assert min(moments) < system_clock() - timedelta(days=25)
    assert max(moments) > system_clock() + timedelta(days=360)


def test_the_feed_of_a_chapter_contains_only_that_chapter(viewer: Client) -> None:
    text = Client().get(f"{opened(viewer)}&chapter=batch").content.decode()

    assert set(re.findall(r"CATEGORIES:(.+)\r", text)) == {"バッチ処理"}


def test_an_unchanged_calendar_is_not_sent_twice(viewer: Client, in_force: Fixed) -> None:
    address = opened(viewer)
    first = Client().get(address)
    etag = first.headers["ETag"]

    unchanged = Client().get(address, headers={"If-None-Match": etag})
    put_in_force(in_force, DOCUMENT.replace("第2日曜", "第3日曜"))
    changed = Client().get(address, headers={"If-None-Match": etag})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == etag
    assert changed.status_code == 200
    assert "no-store" not in first.headers["Cache-Control"]
    assert "private" in first.headers["Cache-Control"]


@pytest.mark.parametrize("query", ["", "?token=", "?token=x", "?token=" + "x" * 10_000, "?token=%00"])
def test_without_a_token_there_is_no_feed(viewer: Client, query: str) -> None:
    opened(viewer)

    # Nor with a session: only the token opens it.
    assert [client.get(f"/calendar.ics{query}").status_code for client in (Client(), viewer)] == [403, 403]


def test_the_token_is_shown_once_and_not_stored(viewer: Client) -> None:
    token = opened(viewer).partition("token=")[2]

    assert token not in viewer.get("/calendar/").content.decode()
    assert token not in str(FeedToken.objects.values())
    assert token not in str(LedgerEntry.objects.values())


def test_a_new_feed_url_invalidates_the_old_one_and_a_closed_one_opens_nothing(viewer: Client) -> None:
    old = opened(viewer)
    new = opened(viewer)

    assert [Client().get(address).status_code for address in (old, new)] == [403, 200]
    assert "最後の読み取り" in viewer.get("/calendar/").content.decode()

    viewer.post("/calendar/feed", {"act": "close"})

    assert Client().get(new).status_code == 403
    events = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("sequence")
    assert [event.content["event"] for event in events][-3:] == ["feed-opened", "feed-opened", "feed-closed"]


def test_a_locked_account_cannot_read_the_feed(viewer: Client) -> None:
    address = opened(viewer)

    Operator.objects.update(is_active=False)

    assert Client().get(address).status_code == 403


def test_an_account_that_must_change_its_password_cannot_read_the_feed(viewer: Client) -> None:
    address = opened(viewer)

    Operator.objects.update(must_change_password=True)

    assert Client().get(address).status_code == 403


def test_a_password_reset_ends_the_feed_permanently(viewer: Client) -> None:
    address = opened(viewer)

    renewed_password("mira", system_clock())
    Operator.objects.update(must_change_password=False)

    assert Client().get(address).status_code == 403
    assert not FeedToken.objects.exists()


def test_a_lock_out_ends_the_feed_permanently(viewer: Client, sign_in: SignIn) -> None:
    address, account = opened(viewer), Operator.objects.get(feed_token__isnull=False)
    manager = sign_in(OperatorRole.MANAGER)
    manager.post("/accounts/reauthenticate/", {"password": PASSWORD})

    for act in ("lock", "unlock"):
        assert manager.post(f"/people/{account.pk}", {"act": act}).status_code == 302

    account.refresh_from_db()
    assert account.is_active
    assert Client().get(address).status_code == 403
    assert not FeedToken.objects.exists()


def test_each_operator_has_a_separate_feed_url(viewer: Client, sign_in: SignIn) -> None:
    theirs = opened(sign_in(OperatorRole.MANAGER))
    mine = opened(viewer)

    viewer.post("/calendar/feed", {"act": "close"})

    assert [Client().get(address).status_code for address in (mine, theirs)] == [403, 200]


def test_a_feed_url_can_only_be_created_by_the_form_of_the_page(operator: Operators) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator("aki", OperatorRole.VIEWER))

    answers = [client.post("/calendar/feed", {"act": "open"}), client.get("/calendar/feed")]

    assert [answer.status_code for answer in answers] == [403, 405]
    assert not FeedToken.objects.exists()


def test_the_feed_is_identical_byte_for_byte_all_day(viewer: Client) -> None:
    address = opened(viewer)

    assert Client().get(address).content == Client().get(address).content
