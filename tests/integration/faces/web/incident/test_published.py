"""What the public status page says about incidents."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from tests.integration.chapters.incident.place import DAY, HOUR, MINUTE, Place
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.incident.test_incidents import declared

from toban.chapters.incident import orders
from toban.chapters.incident.models import Incident
from toban.faces.web.objectives import status

STATUS = """
[status]
title = "南風商店の稼働状況"
serve = true
[[status.services]]
name = "注文"
target = "Webサーバー"
"""


@pytest.fixture
def board(place: Place, in_force: Fixed, request: pytest.FixtureRequest) -> None:
    """A status page that no other test has made."""
    cache.clear()
    status._pages.clear()
    in_force.edition = place.take(place.bindings + f"# {request.node.name}\n{STATUS}").edition


def test_the_status_page_shows_the_note_and_times_of_what_was_published_and_no_more(
    place: Place, board: None
) -> None:
    made = declared(place, level="High", title="db-7 が落ちた", targets=["DBサーバー"])
    declared(place, title="公開しない障害")
    note = "注文が<b>しにくい</b>状態です"
    orders.publish(made.pk, note, place.order(), place.now, is_shown=True)

    shown = Client().get("/status/").content.decode()
    told = Client().get("/status/status.json").json()

    assert "注文が&lt;b&gt;しにくい&lt;/b&gt;状態です" in shown
    assert "対応中です" in shown
    assert [each["note"] for each in told["notices"]] == [note]
    assert told["notices"][0]["until"] is None
    for internal in ("db-7", "High", "DBサーバー", "nami", "公開しない障害", "上原"):
        assert internal not in shown
        assert internal not in json.dumps(told, ensure_ascii=False)


@pytest.mark.parametrize(("ago", "is_shown"), [(30 * DAY - HOUR, True), (30 * DAY + MINUTE, False)])
def test_what_is_over_stays_on_the_status_page_for_thirty_days(
    place: Place, board: None, ago: timedelta, is_shown: bool
) -> None:
    made = declared(place)
    orders.publish(made.pk, "解消しました", place.order(), place.now, is_shown=True)
    Incident.objects.filter(pk=made.pk).update(began_at=place.now - 40 * DAY, recovered_at=place.now - ago)

    shown = Client().get("/status/").content.decode()

    assert ("解消しました" in shown) is is_shown
    assert ("復旧しました" in shown) is is_shown
