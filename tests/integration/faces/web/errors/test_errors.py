"""The pages of errors: the list, one error with its events, the week."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from string import ascii_uppercase

import pytest
from django.test import Client
from tests.integration.chapters.errors.reported import DOCUMENT, event, take
from tests.integration.faces.web.conftest import Fixed, SignIn
from tests.integration.faces.web.drawn import drawing
from tests.registered import schema

from toban.chapters.errors import orders, service
from toban.chapters.errors.models import ErrorGroup, StoredEvent
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import System
from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.recorded import RecordedChange
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.people.models import OperatorRole

pytestmark = pytest.mark.django_db

REVIEW = "routine/routine/エラーログ分析"


@pytest.fixture(autouse=True)
def tracked(in_force: Fixed) -> Fixed:
    """A document with error tracking and its weekly review, and a reporting application."""
    bindings = read_bindings('[errors.shop]\nproject = 1\nkey = "env:KEY"', Path("toban.toml"), schema())
    in_force.edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bindings)
    return in_force


def now() -> datetime:
    return system_clock()


def today() -> date:
    """The date where the document is in force: late in the day, UTC is in another week on Sundays."""
    return now().astimezone(System().zone).date()


def text(client: Client, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200, reply.content.decode()[:500]
    return str(reply.content.decode())


def test_the_list_shows_open_errors_with_their_trend_and_a_link(viewer: Client) -> None:
    group = take(event(release="shop@1.0.0", user={"id": "u1"}, at=now()))
    gone = take(event("Gone", at=now()))
    orders.ignore(gone.pk, by="mira", now=now())

    page = text(viewer, "/errors/")

    assert f'href="/errors/{group.pk}"' in page
    assert "KeyError: &#x27;sku&#x27;" in page
    assert re.search(r'<svg class="spark"[^>]*><path d="M[^"]+"', page)
    assert "直近7日に 1 件" in page
    assert f'href="/errors/{gone.pk}"' not in page
    assert "formaction" not in page


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", {"KeyError", "Back"}),
        ("state=new", {"KeyError"}),
        ("state=regressed", {"Back"}),
        ("state=resolved", {"Mended"}),
        ("state=all", {"KeyError", "Back", "Mended"}),
        ("q=back", {"Back"}),
        ("project=pay", set()),
        ("level=fatal", set()),
        ("state=nonsense", {"KeyError", "Back"}),
        ("q=%00", set()),
        ("page=99999", {"KeyError", "Back"}),
    ],
)
def test_the_url_filters_the_errors(viewer: Client, query: str, titles: set[str]) -> None:
    take(event("KeyError", at=now()))
    mended, back = take(event("Mended", at=now())), take(event("Back", at=now()))
    for each in (mended, back):
        orders.resolve(each.pk, by="mira", now=now())
    take(event("Back", at=now() + timedelta(minutes=1)))

    page = text(viewer, f"/errors/?{query}")

    assert {title for title in ("KeyError", "Back", "Mended") if f"{title}: " in page} == titles


def test_errors_are_found_by_tags_and_event_text(viewer: Client) -> None:
    take(event(at=now(), environment="production", tags={"region": "tokyo"}))
    take(event("Other", at=now(), environment="staging"))

    for query in ("region:tokyo", "environment:production", "-environment:staging"):
        page = text(viewer, f"/errors/?q={query}")
        assert ("KeyError: " in page, "Other: " in page) == (True, False)


@pytest.mark.parametrize(
    ("language", "why"),
    [("ja", "「loud」というレベルはありません"), ("en", "There is no level “loud”: use fatal")],
)
def test_an_invalid_search_says_why_and_stays_for_correction(viewer: Client, language: str, why: str) -> None:
    take(event(at=now()))
    viewer.cookies["django_language"] = language

    reply = viewer.get("/errors/?q=level:loud&state=all")

    page = reply.content.decode()
    assert reply.status_code == 400
    assert f'role="alert">{why}' in page
    assert 'name="q" value="level:loud"' in page
    assert "KeyError: " not in page


def test_a_tag_of_an_event_links_to_all_errors_that_have_it(viewer: Client) -> None:
    group = take(event(at=now(), tags={"region": "tokyo", "release": "a b", "no:term": "x"}))

    page = text(viewer, f"/errors/{group.pk}")

    assert 'href="/errors/?state=all&amp;q=region%3Atokyo"><code>region=tokyo</code></a>' in page
    assert 'href="/errors/?state=all&amp;q=tags%5Brelease%5D%3A%22a+b%22">' in page
    assert "<code>no:term=x</code>" in page
    assert "KeyError: " in text(viewer, "/errors/?state=all&q=tags%5Brelease%5D%3A%22a+b%22")


def test_an_empty_list_says_how_to_send_errors(viewer: Client, tracked: Fixed) -> None:
    assert "未解決のエラーはありません" in text(viewer, "/errors/")

    assert tracked.edition is not None
    tracked.edition = Edition(tracked.edition.design, read_bindings("", Path("toban.toml"), schema()))
    assert "toban errors dsn" in text(viewer, "/errors/")


def test_one_error_shows_its_stack_its_history_and_a_link_to_its_logs(viewer: Client) -> None:
    frame = {
        "module": "shop.cart",
        "filename": "shop/cart.py",
        "function": "total",
        "lineno": 12,
        "in_app": True,
        "pre_context": ["def total(cart):", "    # <b>"],
        "context_line": "    return cart[sku]",
        "post_context": ["", "def tax(): ..."],
        "vars": {"sku": "A-7", "api_key": "secret"},
    }
    group = take(
        event(
            at=now(),
            exception=[{"type": "KeyError", "value": "'A-7'", "stacktrace": {"frames": [frame]}}],
            tags={"region": "tokyo"},
            user={"id": "u-17"},
            breadcrumbs=[{"category": "ui.click", "message": "pay button"}],
            request={
                "url": "https://shop.example/pay",
                "headers": {"X-Request-Id": "r-4711", "Cookie": "a=b"},
            },
            contexts={"trace": {"trace_id": "c" * 32}},
            environment="production",
        )
    )

    page = text(viewer, f"/errors/{group.pk}")

    for shown in ("shop/cart.py:12", "cart[sku]", "region=tokyo", "id=u-17", "pay button", "production"):
        assert shown in page
    assert '<li class="own"><details open>' in page
    assert '<li class="current"><span>12</span>' in page
    assert "<span>11</span><code>    # &lt;b&gt;</code>" in page
    assert "q=requestId%3Ar-4711" in page
    assert f"q=traceId%3A{'c' * 32}" in page
    assert "secret" not in page
    assert "a=b" not in page
    assert "formaction" not in page
    assert "<form" not in page.partition('<main id="main"')[2].partition("</main>")[0]


def test_a_release_of_the_application_stands_on_the_trend_of_its_errors(viewer: Client) -> None:
    group = take(event(at=now()))
    for what, about in (("shop 1.4.2", "shop"), ("elsewhere", "other")):
        wanted = RecordedChange(kind=ChangeKind.RELEASE, text=what, about=(about,))
        recording.record(wanted, by="ci", now=now())

    page = text(viewer, f"/errors/{group.pk}")

    assert [each["name"] for each in drawing(page)["marks"]] == ["shop 1.4.2 (ci)"]
    assert "elsewhere" not in page


def test_a_message_shows_where_it_was_written(viewer: Client) -> None:
    frames = [
        {"function": "sync_stock", "filename": "stock.py", "in_app": True, "context_line": "log.error()"}
    ]
    group = take(event(at=now(), exception=None, message="no stock", stacktrace={"frames": frames}))

    page = text(viewer, f"/errors/{group.pk}")

    assert "no stock" in page
    assert "sync_stock" in page
    assert '<li class="current"><span></span><code>log.error()</code>' in page


@pytest.mark.parametrize("odd", ["a/b?c", '"', "x y", "<b>", "é" * 300])
def test_arbitrary_ids_from_a_sender_break_no_page(viewer: Client, odd: str) -> None:
    group = take(event(at=now(), contexts={"trace": {"trace_id": odd}}, tags={"request_id": odd}))

    assert "requestId" in text(viewer, f"/errors/{group.pk}")


def test_the_page_steps_through_the_events_of_an_error(viewer: Client) -> None:
    for nth in range(3):
        group = take(event(at=now() + timedelta(seconds=nth), tags={"nth": f"n{nth}"}))
    oldest, middle, newest = StoredEvent.objects.order_by("pk").values_list("pk", flat=True)

    assert "nth=n2" in text(viewer, f"/errors/{group.pk}")
    page = text(viewer, f"/errors/{group.pk}?event={middle}")

    assert "nth=n1" in page
    assert f'href="?event={newest}#event"' in page
    assert f'href="?event={oldest}#event"' in page
    for unknown in ("999999", "x", "9" * 30):
        assert viewer.get(f"/errors/{group.pk}?event={unknown}").status_code == 404
    assert viewer.get("/errors/999999").status_code == 404


def test_a_developer_can_resolve_an_error_and_a_viewer_cannot(viewer: Client, sign_in: SignIn) -> None:
    group = take(event(at=now()))
    developer = sign_in(OperatorRole.DEVELOPER)

    assert viewer.post(f"/errors/{group.pk}", {"act": "resolve"}).status_code == 403
    assert developer.post(f"/errors/{group.pk}", {"act": "explode"}).status_code == 400
    developer.post(f"/errors/{group.pk}", {"act": "assign", "to": "kai"})
    reply = developer.post(f"/errors/{group.pk}", {"act": "resolve", "list": "q=key"})
    assert reply.headers["location"] == f"/errors/?q=key#error-{group.pk}"

    settled = ErrorGroup.objects.get()
    assert (settled.state, settled.assignee, settled.resolved_by) == ("resolved", "kai", "developer")
    again = developer.post(f"/errors/{group.pk}", {"act": "resolve"}, follow=True)
    assert "すでに解決済みです" in again.content.decode()
    assert "resolve-error" in text(developer, f"/errors/{group.pk}")


def test_orders_need_the_csrf_token_of_the_page(sign_in: SignIn) -> None:
    group = take(event(at=now()))
    developer = sign_in(OperatorRole.DEVELOPER)
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = developer.cookies

    assert careful.post(f"/errors/{group.pk}", {"act": "resolve"}).status_code == 403
    assert ErrorGroup.objects.get().state == "open"


def test_an_alert_links_to_its_error(viewer: Client, tracked: Fixed) -> None:
    group = take(event(at=now()))
    assert tracked.edition is not None
    service.tell(tracked.edition.design, tracked.edition.bindings, now())
    alert = Alert.objects.get()

    assert f'href="/errors/{group.pk}"' in text(viewer, f"/alerts/{alert.pk}")
    assert f'href="/alerts/{alert.pk}"' in text(viewer, f"/errors/{group.pk}")


def test_a_week_is_compared_with_the_previous_one_and_leads_to_the_task_of_its_review(
    viewer: Client,
) -> None:
    last_week = now() - timedelta(days=7)
    group = take(event(at=last_week), last_week)

    page = text(viewer, "/errors/review/")
    assert "新規" in page
    assert f'href="/errors/{group.pk}"' in page
    assert "未レビュー" in page
    assert "発生なし" in text(viewer, f"/errors/review/?week={today()}")

    assert 'href="/tasks/"' in page
    assert viewer.post("/errors/review/").status_code == 405


def test_a_week_of_very_many_errors_shows_the_most_frequent_of_each_kind(viewer: Client) -> None:
    kinds = [f"{first}{second}Error" for first in ascii_uppercase[:11] for second in ascii_uppercase[:10]]
    for kind in (*kinds[:101], kinds[100]):
        most_frequent = take(event(kind, at=now()))

    page = text(viewer, f"/errors/review/?week={today()}")

    assert page.count('<tr class="row">') == 100
    assert '<span class="of">101</span>' in page
    assert "多い順に 100 件を表示しています。" in page
    assert f'href="/errors/{most_frequent.pk}"' in page.split('<tr class="row">')[1]


@pytest.mark.parametrize(
    ("week", "weeks_ago"), [("0001-01-01", 1), ("9999-12-31", 0), ("x", 1), ("2026-13-01", 1)]
)
def test_an_invalid_week_falls_back_to_a_recent_one(viewer: Client, week: str, weeks_ago: int) -> None:
    monday = today() - timedelta(days=today().weekday() + 7 * weeks_ago)

    page = text(viewer, f"/errors/review/?week={week}")

    assert f"{monday.year}/{monday.month}/{monday.day} –" in page


def test_the_pages_are_available_in_english_too(viewer: Client) -> None:
    group = take(event(at=now()))
    viewer.cookies["django_language"] = "en"

    assert "Weekly review" in text(viewer, "/errors/")
    assert "Breadcrumbs" not in text(viewer, f"/errors/{group.pk}")
    assert "Last 30 days" in text(viewer, f"/errors/{group.pk}")
    assert "Not reviewed yet" in text(viewer, "/errors/review/")


def test_a_refused_order_is_explained_in_english_too(sign_in: SignIn) -> None:
    group = take(event(at=now()))
    developer = sign_in(OperatorRole.DEVELOPER)
    developer.cookies["django_language"] = "en"

    answer = developer.post(f"/errors/{group.pk}", {"act": "reopen"}, follow=True)

    assert f"Error {group.pk} is neither resolved nor ignored" in answer.content.decode()
