"""The log pages: search results and counts, a single row, and downloads; with a real store."""

import asyncio
import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from pytest_django import Settings
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.web.conftest import SignIn
from tests.integration.faces.web.drawn import drawing
from tests.telemetry_rows import LogRow, batch_of

from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.recorded import RecordedChange
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole
from toban.engine.telemetry import present
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.faces.web.logs import download as log_download

NOW = datetime.now(UTC).replace(microsecond=0)
PART = {"HX-Request": "true"}
EVIL = """<script>alert("x")</script>"""
ROW_ADDRESS = re.compile(r'href="(/logs/\d+-\d+-\d+)\?')


def row(number: int, **changed: Any) -> LogRow:
    """A line of the shop, a number of seconds before the end."""
    at = NOW - timedelta(minutes=5, seconds=number)
    plain = LogRow(
        "application", f"{at:%Y-%m-%d}", at.timestamp(), "INFO", "shop-api", f"line {number} of many", "",
        f"req-{number}", "", "", "", "", "", 0, 0.0, {}, "shop", number,
    )  # fmt: skip
    return plain._replace(**changed)


def lines() -> list[LogRow]:
    return [
        *(row(number) for number in range(1, 251)),
        row(251, level="ERROR", message="card declined",
            attributes={"cart": {"items": 3}, "<b>": "y", "stack": "Traceback:\n  here"}),
        row(252, kind="access", service="web", method="GET", route="/orders", status=502, duration_ms=12.0,
            message="", request_id="req-251"),
        row(253, level="ERROR", service=EVIL, message=EVIL, request_id=EVIL, route=EVIL, user_id="=1+1"),
        row(254, service='a "quoted" \\ name', message="strange"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def stored(store: StoreProcess) -> str:
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", b"many"), lines()))
    return store.telemetry_url


@pytest.fixture(autouse=True)
def store_in_use(settings: Settings, stored: str) -> Iterator[None]:
    settings.TELEMETRY_URL = stored
    present.telemetry.cache_clear()
    yield
    present.telemetry.cache_clear()


def text(client: Client, address: str, query: Mapping[str, str] | None = None, status: int = 200) -> str:
    answer = client.get(address, query)
    assert answer.status_code == status
    return answer.content.decode()


def part(client: Client, address: str, **query: str) -> str:
    return client.get(address, query, headers=PART).content.decode()


def clocks(page: str) -> list[str]:
    return re.findall(r"line (\d+) of many", page)


def test_the_newest_rows_come_first_and_pages_link_in_both_directions(viewer: Client) -> None:
    first = text(viewer, "/logs/", {"q": "many"})
    older = unescape(re.findall(r'href="([^"]+)" rel="next"', first)[0])
    second = text(viewer, older)
    newer = unescape(re.findall(r'href="([^"]+)" rel="prev"', second)[0])
    again = text(viewer, newer)

    assert clocks(first) == [str(number) for number in range(1, 101)]
    assert clocks(second) == [str(number) for number in range(101, 201)]
    assert clocks(again) == clocks(first)
    assert 'rel="prev"' not in again


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("level:ERROR", 2),
        ("kind:アクセスログ status:>=500", 1),
        ('"card declined"', 1),
        ("cart.items:3", 1),
        ("service:shop-api -many", 1),
        ("nowhere", 0),
    ],
)
def test_the_query_language_of_the_command_finds_the_same_rows(
    viewer: Client, query: str, count: int
) -> None:
    page = text(viewer, "/logs/", {"q": query})

    assert page.count('<tr class="row">') == count
    assert ("この条件に当てはまるログはありません。" in page) == (count == 0)


def test_an_explicit_time_range_takes_precedence_over_a_relative_one(viewer: Client) -> None:
    tokyo = (NOW + timedelta(hours=9)).replace(tzinfo=None)
    begin = (tokyo - timedelta(minutes=5, seconds=12)).isoformat()
    end = (tokyo - timedelta(minutes=5, seconds=9)).isoformat()

    page = text(viewer, "/logs/", {"last": "15m", "from": begin, "to": end})

    assert clocks(page) == ["10", "11", "12"]
    assert 'id="tail"' not in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"q": "status:many"}, "数を書いてください"),
        ({"q": '"open'}, "引用符を閉じてください"),
        ({"from": "yesterday"}, "「yesterday」は日時として読めません"),
        ({"from": "0001-01-01T00:00"}, "日時として読めません"),
        ({"from": "2026-11-26T10:00", "to": "2026-11-26T09:00"}, "開始が終了より後です"),
    ],
)
def test_invalid_input_is_reported_and_kept_in_the_form(
    viewer: Client, query: dict[str, str], said: str
) -> None:
    page = text(viewer, "/logs/", query, 400)

    assert said in page
    assert all(f'value="{value.replace('"', "&quot;")}"' in page for value in query.values())


def test_without_the_store_the_page_still_works_and_says_so(settings: Settings, viewer: Client) -> None:
    settings.TELEMETRY_URL = "http://toban:x@127.0.0.1:9/toban"
    present.telemetry.cache_clear()

    page = text(viewer, "/logs/", {"q": "many"})
    fragment = part(viewer, "/logs/facets", q="many")
    alone = text(viewer, "/logs/1764150000000-1-1")

    assert all(each.count("ログの置き場が応答しません。") == 1 for each in (page, fragment, alone))
    # Unknown is not the same as none.
    assert "ありません" not in page
    assert "hx-get" not in page.split("<main")[1]


def test_the_bars_show_the_levels_and_the_table_has_the_same_figures(viewer: Client) -> None:
    drawn = part(viewer, "/logs/histogram", last="1h")
    whole = text(viewer, "/logs/histogram", {"last": "1h"})

    assert "254行" in drawn
    assert re.search(r"ERROR <b>2</b>", drawn)
    assert re.search(r"INFO <b>252</b>", drawn)
    assert sum(map(int, re.findall(r'</th><td class="number">(\d+)</td>', drawn))) == 254
    chart = drawing(drawn)
    assert len(chart["times"]) in (60, 61)
    assert [each["tone"] for each in chart["bars"]] == re.findall(r'class="swatch bar tone-(\w+)"', drawn)
    assert max(filter(None, chart["bars"][-1]["values"])) <= 254
    assert "<html" not in drawn
    assert "<html" in whole


def test_a_bar_links_to_exactly_its_rows(viewer: Client) -> None:
    drawn = part(viewer, "/logs/histogram", last="1h", q="many")
    found = re.findall(r'<a href="(/logs/\?[^"]+)">[^<]*</a></th><td class="number">(\d+)</td>', drawn)
    filled = [(address, count) for address, count in found if count != "0"]

    assert len(filled) > 1
    for address, count in filled:
        assert text(viewer, unescape(address)).count('<tr class="row">') == int(count)


def test_counted_values_link_to_their_rows(viewer: Client) -> None:
    counted = part(viewer, "/logs/facets", last="1h")
    found = re.findall(
        r'<li><a href="([^"]+)">([^<]+)</a> <span class="count">(\d+)</span> <a class="not" href="([^"]+)"',
        counted,
    )
    values = {unescape(value): int(count) for _only, value, count, _without in found}

    assert values.items() >= {"ERROR": 2, "access": 1, "/orders": 1, "502": 1, EVIL: 1}.items()
    for only, _value, count, without in found:
        assert text(viewer, unescape(only)).count('<tr class="row">') == min(int(count), 100)
        rest = part(viewer, unescape(without).replace("/logs/", "/logs/histogram"))
        assert f"{254 - int(count)}行" in rest


def test_each_condition_has_a_link_that_removes_it(viewer: Client) -> None:
    page = text(viewer, "/logs/", {"q": 'level:ERROR "card declined"'})
    links = re.findall(r'<li><code>([^<]+)</code> <a href="([^"]+)"', page)

    assert {
        unescape(part): text(viewer, unescape(link)).count('<tr class="row">') for part, link in links
    } == {
        "level:ERROR": 1,
        '"card declined"': 2,
    }


def test_a_row_shows_all_fields_and_its_request_across_kinds_and_services(viewer: Client) -> None:
    (address,) = ROW_ADDRESS.findall(text(viewer, "/logs/", {"q": "declined"}))

    page = text(viewer, address)

    assert "<dt>cart.items</dt><dd>3" in page
    assert "<dt>stack</dt><dd><pre>Traceback:\n  here</pre>" in page
    request = page.split('id="of-request"')[1].split("</section>")[0]
    assert request.count('<tr class="row') == 2
    assert "GET /orders 502 12ms" in request
    around = page.split('id="beside"')[1]
    assert "line 241 of many" in around
    assert "line 240 of many" not in around
    assert 'class="row is-here" aria-current="true"' in around


@pytest.mark.parametrize(
    "place", ["1-1-1", "x", "1-2", "9" * 40 + "-1-1", "1-1-99999999999", "²-1-1", "0-0-0"]
)
def test_a_row_that_is_not_there_is_not_found(viewer: Client, place: str) -> None:
    assert viewer.get(f"/logs/{place}").status_code == 404


def test_the_time_of_a_row_is_the_one_in_its_heading(viewer: Client) -> None:
    (address,) = ROW_ADDRESS.findall(text(viewer, "/logs/", {"q": "declined"}))
    local = datetime.fromtimestamp(lines()[250].at, ZoneInfo("Asia/Tokyo"))

    assert f"<dt>timestamp</dt><dd>{local.isoformat(timespec='milliseconds')}</dd>" in text(viewer, address)


def test_text_from_applications_never_becomes_markup(viewer: Client) -> None:
    page = text(viewer, "/logs/", {"q": "level:ERROR"})
    address = ROW_ADDRESS.findall(page)[-1]
    pages = [
        page,
        text(viewer, "/logs/", {"q": EVIL}),
        text(viewer, address),
        part(viewer, "/logs/facets", last="1h"),
        part(viewer, "/logs/histogram", q=f"service:{EVIL}"),
    ]

    assert [each.count("<script>alert") for each in pages] == [0] * len(pages)
    assert all("&lt;script&gt;" in each for each in pages[:4])


@pytest.mark.parametrize(
    "query",
    [
        "' OR 1=1 --",
        "') OR 1=1 --",
        '"{term0:String}"',
        "service:\"' OR '1'='1\"",
        "100%",
        "li_e",
        '"back\\\\slash\\n"',
        "x\ty",
        "\x00",
        "a.b.c:file('/etc/passwd')",
    ],
)
def test_search_text_is_matched_and_never_executed(viewer: Client, query: str) -> None:
    page = text(viewer, "/logs/", {"q": query})

    assert page.count('<tr class="row">') == 0
    assert "この条件に当てはまるログはありません。" in page


def test_what_changed_stands_over_the_counts_of_the_services_that_are_searched(viewer: Client) -> None:
    for what, about in (("shop 2", "shop-api"), ("web 7", "web")):
        wanted = RecordedChange(kind=ChangeKind.RELEASE, text=what, about=(about,))
        recording.record(wanted, by="ci", now=system_clock() - timedelta(minutes=5))

    def marked(search: str) -> list[str]:
        page = text(viewer, "/logs/histogram", {"last": "1h", "q": search})
        return [each["name"] for each in drawing(page)["marks"]]

    assert marked("") == ["shop 2 (ci)", "web 7 (ci)"]
    assert marked("service:shop-api many") == ["shop 2 (ci)"]
    assert marked("-service:shop-api") == ["shop 2 (ci)", "web 7 (ci)"]


@pytest.mark.parametrize("address", ["/logs/", "/logs/facets", "/logs/histogram", "/logs/1-1-1"])
def test_unauthenticated_visitors_are_sent_to_the_sign_in(db: None, address: str) -> None:
    assert Client().get(address).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("status:many", "“status:many”: write a number for status"),
        ("durationMs:>many", "“durationMs:&gt;many”: write a number after &gt;"),
        ('"open', "“&quot;open” can&#x27;t be parsed: close the quotes"),
        ("x" * 1001, "A search can have up to 1000 characters"),
        ("x " * 31, "A search can have up to 30 conditions"),
        ("a`b:1", "“a`b” is not a searchable field"),
    ],
)
def test_errors_in_a_search_are_explained_in_english_too(viewer: Client, search: str, said: str) -> None:
    viewer.cookies["django_language"] = "en"

    pages = [text(viewer, "/logs/", {"q": search}, 400), part(viewer, "/logs/facets", q=search)]

    assert all(said in each for each in pages)


def test_the_whole_page_works_in_english(viewer: Client) -> None:
    viewer.cookies["django_language"] = "en"

    page = text(viewer, "/logs/", {"q": "declined"})

    assert "Follow" in page
    assert not re.search(
        "[ぁ-んァ-ン一-龥]{2,}",
        re.sub(r"<nav class=\"tools\".*?</nav>", "", page, flags=re.DOTALL).split("<main")[1],
    )


# — downloads —


def taken(client: Client, **form: str) -> bytes:
    answer = client.post("/logs/download", form)
    assert answer.status_code == 200
    assert isinstance(answer, StreamingHttpResponse)

    async def read() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return asyncio.run(read())


def test_a_viewer_cannot_download_logs(viewer: Client) -> None:
    page = text(viewer, "/logs/", {"q": "many"})

    assert "/logs/download" not in page
    assert viewer.post("/logs/download", {"format": "csv"}).status_code == 403
    assert not LedgerEntry.objects.filter(content__event="logs-downloaded").exists()


def test_a_download_has_every_match_and_the_evidence_says_who_downloaded_it(sign_in: SignIn) -> None:
    developer = sign_in(OperatorRole.DEVELOPER)

    found = [json.loads(line) for line in taken(developer, format="ndjson", last="1h").splitlines()]

    assert len(found) == 254
    assert found[0]["message"] == "line 1 of many"
    entry = LedgerEntry.objects.get(content__event="logs-downloaded")
    assert (entry.actor, entry.content["format"], entry.content["search"]) == ("developer", "ndjson", "")


def test_a_downloaded_csv_contains_no_spreadsheet_formulas(sign_in: SignIn) -> None:
    body = taken(sign_in(OperatorRole.MANAGER), format="csv", q="userId:*").decode("utf-8-sig")

    (found,) = csv.DictReader(body.splitlines())
    assert (found["userId"], found["message"]) == ("'=1+1", EVIL)


def test_a_download_has_a_maximum_size(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_download, "MOST", 120)
    monkeypatch.setattr(log_download, "_AT_ONCE", 50)

    found = taken(sign_in(OperatorRole.DEVELOPER), format="ndjson", q="many").splitlines()

    assert [json.loads(line)["message"] for line in found] == [f"line {n} of many" for n in range(1, 121)]


@pytest.mark.parametrize(
    ("form", "status"), [({"format": "exe"}, 400), ({"format": "csv", "q": "status:many"}, 302)]
)
def test_a_refused_download_leaves_no_evidence(sign_in: SignIn, form: dict[str, str], status: int) -> None:
    assert sign_in(OperatorRole.DEVELOPER).post("/logs/download", form).status_code == status
    assert not LedgerEntry.objects.filter(content__event="logs-downloaded").exists()


def test_routes_of_access_logs_have_their_figures_and_lead_to_their_lines(viewer: Client) -> None:
    page = unescape(text(viewer, "/logs/routes", {"last": "6h"}))
    (line,) = re.findall(r'class="opens" href="(/logs/\?[^"]*)">GET /orders<', page)
    (failed,) = re.findall(r'href="([^"]*)">■ 100.0%', page)
    (slow,) = re.findall(r'href="([^"]*)">遅いリクエスト<', page)

    assert page.count('data-label="95%">12.0 ms<') == 1
    for address in (line, failed, slow):
        assert "last=6h" in address
        assert ROW_ADDRESS.findall(text(viewer, address)) != []
        assert "502" in text(viewer, address)
    assert 'href="/logs/routes?last=6h"' in text(viewer, "/logs/", {"last": "6h", "q": "x"})


def test_routes_of_no_time_and_of_no_service(viewer: Client) -> None:
    wrong = text(viewer, "/logs/routes", {"from": "yesterday"}, status=400)
    nothing = text(viewer, "/logs/routes", {"service": EVIL, "sort": EVIL})

    assert "yesterday" in wrong
    assert "この期間に、状態コードのあるアクセスログはありません。" in nothing
    viewer.cookies["django_language"] = "en"
    assert "Response times by route" in text(viewer, "/logs/routes")


def test_an_unknown_name_in_a_search_that_finds_nothing_is_said(viewer: Client) -> None:
    unknown = text(viewer, "/logs/", {"q": "sevice:shop-api"})
    known = text(viewer, "/logs/", {"q": "cart.items:77 level:ERROR"})

    assert "この期間に、項目「sevice」のある行はありません。「service」ではありませんか" in unknown
    assert "のある行はありません" not in known
