"""The page of costs: budgets, services, days, and what is not known."""

from datetime import date, timedelta
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.chapters.cost.place import BINDINGS, Place, days, row
from tests.integration.faces.web.conftest import Fixed, SignIn

from toban.chapters.cost.models import LifecycleLook
from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole

DAY = timedelta(days=1)
BUCKET = f"""{BINDINGS}
[lifecycles."S3ライフサイクル"]
bucket = "shop-images"
region = "us-east-1"
after = "90日"
"""


@pytest.fixture
def place(tmp_path: Path, in_force: Fixed, db: None) -> Place:
    found = Place(tmp_path, now=system_clock())
    in_force.edition = found.edition
    return found


@pytest.fixture
def viewer(sign_in: SignIn, place: Place) -> Client:
    return sign_in(OperatorRole.VIEWER)


def page(client: Client, *, language: str = "ja") -> str:
    client.cookies["django_language"] = language
    answer = client.get("/cost/")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def today(place: Place) -> date:
    return place.known().today


@pytest.mark.parametrize(
    ("language", "words"),
    [("ja", ("予算と実績", "その他", "サービス別")), ("en", ("Budgets", "Other", "By service"))],
)
def test_the_month_is_shown_by_budget_service_and_day(
    viewer: Client, place: Place, language: str, words: tuple[str, ...]
) -> None:
    first = today(place).replace(day=1)
    place.bill([*days(first - 40 * DAY, today(place)), row(today(place), "<script>alert(1)</script>", "7")])
    place.pass_(timedelta(0))

    shown = page(viewer, language=language)

    assert [word for word in words if word not in shown] == []
    assert "Amazon Elastic Compute Cloud" in shown
    assert "リザーブドインスタンス" in shown
    assert f"{today(place):%Y-%m-%d}" in shown
    assert "<script>alert(1)" not in viewer.get("/cost/").content.decode()


def test_a_bill_that_cannot_be_read_is_named(viewer: Client, place: Place) -> None:
    place.pass_(timedelta(0))

    shown = page(viewer)

    assert "に当たるファイルがありません" in shown
    assert "測定不能" in shown


def test_amounts_in_no_sum_are_said(viewer: Client, place: Place, in_force: Fixed) -> None:
    place.take(BINDINGS.replace('rates = { USD = "150" }', ""))
    in_force.edition = place.edition
    place.bill([row(today(place), "AWS Lambda", "7", BillingCurrency="USD")])
    place.pass_(timedelta(0))

    assert "USD の率がないので" in page(viewer)


@pytest.mark.parametrize(
    ("language", "words"),
    [("ja", ("急な増減", "タグ team 別", "その他")), ("en", ("Sudden changes", "By tag team", "other"))],
)
def test_what_suddenly_costs_more_and_the_values_of_a_tag_are_shown(
    viewer: Client, place: Place, in_force: Fixed, language: str, words: tuple[str, ...]
) -> None:
    place.take(BINDINGS + 'tag = "team"\n')
    in_force.edition = place.edition
    first, since = today(place) - 90 * DAY, today(place) - 5 * DAY
    place.bill(
        row(on, "EC2", "2000" if on >= since else "1000", Tags='{"team": "web<b>"}' if number % 2 else "")
        for number, on in enumerate(first + n * DAY for n in range(91))
    )
    place.pass_(timedelta(0))

    shown = page(viewer, language=language)

    assert [word for word in words if word not in shown] == []
    assert f"{since:%Y-%m-%d}" in shown
    assert "web<b>" not in viewer.get("/cost/").content.decode()


def test_what_the_rules_of_a_bucket_would_have_to_be_is_shown(
    viewer: Client, place: Place, in_force: Fixed
) -> None:
    place.take(BUCKET)
    in_force.edition = place.edition
    place.bill(days(today(place) - 40 * DAY, today(place)))
    place.pass_(timedelta(0))
    LifecycleLook.objects.create(
        measure="S3ライフサイクル",
        place="us-east-1 s3://shop-images",
        looked_at=place.now,
        read_at=place.now,
        rules=[{"ID": "</pre><script>", "Status": "Enabled", "Expiration": {"Days": 400}}],
    )

    shown = page(viewer)

    assert "shop-images のライフサイクルの案" in shown
    assert '"StorageClass": "GLACIER"' in shown
    assert "</pre><script>" not in viewer.get("/cost/").content.decode()


def test_without_a_bill_the_page_says_what_to_write(viewer: Client, place: Place, in_force: Fixed) -> None:
    place.take("")
    in_force.edition = place.edition

    assert "[bills.名前]" in page(viewer)
