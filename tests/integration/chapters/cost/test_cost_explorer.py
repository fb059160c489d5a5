"""Costs that AWS's Cost Explorer tells: pages, throttling, as of when, and what its words mean."""

from collections.abc import Iterator
from datetime import UTC, date, timedelta
from pathlib import Path

import httpx
import pytest
from tests.integration.chapters.cost.explorer import Explorer, Line
from tests.integration.chapters.cost.place import EC2, S3, TOTAL, Place
from tests.integration.conftest import HttpServer
from tests.integration.moto import moto_server

from toban.chapters.cost.bills.cost_explorer import source
from toban.chapters.cost.models import BillReading, DayCharge
from toban.chapters.cost.operation import OPERATION
from toban.engine.evidence.verdict import Verdict

SECRET = "a-secret-of-the-tests"
COMPUTE, STORAGE = "Amazon Elastic Compute Cloud - Compute", "Amazon Simple Storage Service"
DATABASE = "Amazon Relational Database Service"
LINES = (Line(COMPUTE, "40"), Line(DATABASE, "20"), Line(STORAGE, "5.5"))


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS", "AKIATOBANTEST")
    monkeypatch.setenv("AWS_SECRET", SECRET)


@pytest.fixture
def explorer(http_server: HttpServer) -> Explorer:
    return Explorer(http_server, LINES)


def bindings(url: str, more: str = "", costs: str = "") -> str:
    return f"""
[bills.aws]
kind = "cost-explorer"
region = "us-east-1"
endpoint_url = "{url}"
access_key = "env:AWS_ACCESS"
secret_key = "env:AWS_SECRET"
{more}
[costs]
rates = {{ USD = "150" }}
{costs}
"""


def bound(place: Place, url: str, more: str = "", costs: str = "") -> Place:
    place.take(bindings(url, more, costs))
    place.pass_()
    return place


def test_the_month_is_judged_as_of_the_moment_of_asking(place: Place, explorer: Explorer) -> None:
    bound(place, explorer.server.url)

    # Eighteen whole days: the newest one may still be charged, and today is not asked for.
    assert place.verdict() is Verdict.CONFORMING, place.said()
    assert place.said().startswith("¥186,675 / ¥500,000")
    assert place.verdict(EC2) is Verdict.CONFORMING
    assert "2026-11-18 までの請求、2026-11-20 14:00 時点" in place.said()
    (question,) = explorer.asked
    assert question["TimePeriod"] == {"Start": "2026-08-01", "End": "2026-11-20"}
    assert {"Filter", "NextPageToken"}.isdisjoint(question)


def test_all_pages_are_read(place: Place, explorer: Explorer) -> None:
    explorer.page = 7
    bound(place, explorer.server.url)

    assert len(explorer.asked) == 16
    assert place.said().startswith("¥186,675 / ¥500,000")
    assert DayCharge.objects.count() == 3 * 111


def test_it_is_asked_again_after_its_time_and_not_before(
    place: Place, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "system_clock", lambda: place.now)
    place.now = place.now.astimezone(UTC).replace(hour=0)
    bound(place, explorer.server.url)
    for _ in range(2):
        place.pass_(timedelta(hours=2))
    assert len(explorer.asked) == 1

    place.pass_(timedelta(hours=8))

    assert len(explorer.asked) == 2


def test_a_moment_of_throttling_is_waited_out(place: Place, explorer: Explorer) -> None:
    explorer.refuses = [(400, "ThrottlingException"), (500, "InternalFailure")]
    bound(place, explorer.server.url)

    assert place.verdict() is Verdict.CONFORMING
    assert len(explorer.asked) == 3


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((400, "LimitExceededException"), "後でまた尋ねます"),
        ((400, "DataUnavailableException"), "後でまた尋ねます"),
        ((400, "AccessDeniedException"), "ce:GetCostAndUsage"),
        ((400, "UnrecognizedClientException"), "ce:GetCostAndUsage"),
    ],
)
def test_a_refusal_is_told_with_the_way_out_and_without_a_secret(
    place: Place, explorer: Explorer, refusal: tuple[int, str], said: str
) -> None:
    explorer.refuses = [refusal] * 9
    bound(place, explorer.server.url)

    trouble = str(BillReading.objects.get().trouble)
    assert said in trouble
    assert refusal[1] in trouble
    assert SECRET not in trouble
    assert place.verdict() is Verdict.NOT_MEASURABLE
    (trial,) = OPERATION.trials(place.edition, place.now)
    assert [str(doubt) for doubt in trial.doubts()]


def test_a_page_that_fails_leaves_what_was_kept(
    place: Place, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "system_clock", lambda: place.now)
    bound(place, explorer.server.url)
    before = list(DayCharge.objects.values_list("pk", flat=True))
    explorer.page, explorer.lines = 30, (Line(COMPUTE, "999"),)
    explorer.refuses = []
    asked = len(explorer.asked)
    answer = explorer.server.answer

    def fails_later(handler: object) -> None:
        if len(explorer.asked) > asked:
            explorer.refuses = [(400, "AccessDeniedException")]
        answer(handler)  # type: ignore[arg-type] # the server's

    explorer.server.answer = fails_later
    place.pass_(timedelta(hours=9))

    assert len(explorer.asked) > asked + 1
    assert list(DayCharge.objects.values_list("pk", flat=True)) == before


def test_an_answer_that_is_none_is_told(place: Place, explorer: Explorer) -> None:
    explorer.garbled = True
    bound(place, explorer.server.url)

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert str(BillReading.objects.get().trouble)


def test_its_record_types_are_what_they_mean(place: Place, explorer: Explorer) -> None:
    explorer.lines = (
        Line(COMPUTE, "10"),
        Line(COMPUTE, "0", "DiscountedUsage", effective="6"),
        Line(COMPUTE, "30", "Recurring"),
        Line("Tax", "4", "Tax"),
        Line("Savings Plans", "100", "SavingsPlanUpfrontFee"),
        Line(COMPUTE, "-7", "Credit"),
        Line(COMPUTE, "-2", "Refund"),
    )
    bound(place, explorer.server.url)

    found = DayCharge.objects.filter(day__day="2026-11-10")
    assert sorted(found.values_list("kind", "commitment", "billed", "effective")) == [
        ("credit", "", -7_000_000, -7_000_000),
        ("once", "", -2_000_000, -2_000_000),
        ("once", "", 100_000_000, 100_000_000),
        ("recurring", "", 30_000_000, 30_000_000),
        ("tax", "", 4_000_000, 4_000_000),
        ("usage", "", 10_000_000, 10_000_000),
        ("usage", "used", 0, 6_000_000),
    ]


def test_a_tag_tells_what_is_used_apart_and_nothing_is_counted_twice(
    place: Place, explorer: Explorer
) -> None:
    explorer.lines = (
        Line(COMPUTE, "10", tag="web"),
        Line(COMPUTE, "5", tag="batch"),
        Line(STORAGE, "1"),
        Line("Tax", "2", "Tax"),
    )
    bound(place, explorer.server.url, costs='tag = "team"\nitems = { S3 = ["batch"] }')

    assert len(explorer.asked) == 2
    found = DayCharge.objects.filter(day__day="2026-11-10")
    assert sorted(found.values_list("service", "tag", "billed")) == [
        (COMPUTE, "batch", 5_000_000),
        (COMPUTE, "web", 10_000_000),
        (STORAGE, "", 1_000_000),
        ("Tax", "", 2_000_000),
    ]
    assert place.said(TOTAL).startswith("¥51,300 / ¥500,000")
    assert place.said(S3).startswith("¥14,250 / ¥50,000")


def test_one_account_alone_is_asked_for(place: Place, explorer: Explorer) -> None:
    explorer.lines = (Line(COMPUTE, "10"), Line(COMPUTE, "90", account="999900001111"))
    bound(place, explorer.server.url, 'account = "111122223333"')

    assert place.said(EC2).startswith("¥28,500 / ¥200,000")
    assert set(DayCharge.objects.values_list("account", flat=True)) == {"111122223333"}


def test_days_of_another_zone_are_not_made_up(place: Place, explorer: Explorer) -> None:
    bound(place, explorer.server.url, costs='zone = "Asia/Tokyo"')

    assert explorer.asked == []
    assert "UTC" in str(BillReading.objects.get().trouble)


@pytest.fixture
def moto(tmp_path: Path) -> Iterator[str]:
    with moto_server(tmp_path) as url:
        yield url


def test_what_moto_answers_is_read(place: Place, moto: str) -> None:
    groups = [
        {
            "Keys": [COMPUTE, "Usage"],
            "Metrics": {
                name: {"Amount": "12.345678901", "Unit": "USD"} for name in ("UnblendedCost", "AmortizedCost")
            },
        }
    ]
    days = [date(2026, 11, 1) + timedelta(days=n) for n in range(19)]
    results = [
        {"TimePeriod": {"Start": f"{on}", "End": f"{on}"}, "Total": {}, "Groups": groups, "Estimated": False}
        for on in days
    ]
    said = httpx.post(
        f"{moto}/moto-api/static/ce/cost-and-usage-results",
        json={"results": [{"ResultsByTime": results, "DimensionValueAttributes": []}]},
    )
    assert said.status_code == 201

    bound(place, moto)

    assert DayCharge.objects.count() == 19
    assert place.said(EC2).startswith("¥35,185 / ¥200,000")
