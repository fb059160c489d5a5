"""Searching errors, with both databases: by the content of their events, as long as these are stored."""

import importlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from tests.forking import run
from tests.integration.chapters.errors.reported import DOCUMENT, NOW, event, take
from tests.registered import PARTS

from toban.chapters.errors import orders, service
from toban.chapters.errors.intake import intake
from toban.chapters.errors.kept import ErrorSearch, found
from toban.chapters.errors.models import ErrorGroup, ErrorValue, StoredEvent
from toban.chapters.errors.searching.search import read_search
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings

SCRIPT = Path(__file__).with_name("searcher.py")
CARD, KEY, STOCK = "CardError:", "KeyError:", "stock_sync"
FOUND = {
    "": {CARD, KEY, STOCK},
    "cardERROR": {CARD},
    "ｶｰﾄﾞが使えません": {CARD},
    '"残高 ¥1,200 (order"': {CARD},
    "/pay": {CARD},
    "shop.cart": {KEY},
    "type:CardError": {CARD},
    "type:Card": set(),
    "type:*error": {CARD, KEY},
    "value:order": {CARD},
    "title:残高": {CARD},
    "message:took": {STOCK},
    "100%": {STOCK},
    "stock_sync": {STOCK},
    "stockAsync": set(),
    "culprit:of_keyerror": {KEY},
    "transaction:/pay": {CARD},
    "release:shop@1.0": {CARD, KEY},
    "release:shop@1.1": {CARD},
    "release:shop*": {CARD, KEY},
    "release:nightly": {KEY},
    "environment:staging": {CARD},
    "env:Production environment:staging": {CARD},
    "-environment:production": {KEY, STOCK},
    "level:warn": {KEY},
    "-level:error": {KEY, STOCK},
    "region:tokyo": {CARD},
    "region:osaka region:tokyo": {CARD},
    "region:os*": {CARD},
    "tags[vip]:YES": {CARD},
    "has:vip": {CARD},
    "-has:release": {STOCK},
    "has:culprit": {CARD, KEY, STOCK},
    "logger:shop.stock": {STOCK},
    "user:u1": {CARD},
    "user.id:u2": set(),
    "count:>1": {CARD},
    "users:0": {KEY, STOCK},
    "project:shop -stock": {CARD, KEY},
    "KeyError: 'sku'": {KEY},
    "no such word": set(),
    "KeyError OR CardError": {CARD, KEY},
    "region:tokyo OR level:warn": {CARD, KEY},
    "-environment:production OR region:tokyo NOT level:warn": {CARD, STOCK},
    "NOT type:*error": {STOCK},
}


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_errors_are_found_by_the_content_of_their_stored_events(
    database: str, request: pytest.FixtureRequest
) -> None:
    environment = request.getfixturevalue(database)

    done = run([SCRIPT, *FOUND], env=environment, check=True)

    told = dict(zip(FOUND, map(set, json.loads(done.stdout)), strict=True))
    assert told == FOUND


def titles(search: str) -> list[str]:
    return [group.title for group in found(ErrorSearch(terms=read_search(search)))]


@pytest.mark.django_db
def test_values_of_deleted_events_are_no_longer_found() -> None:
    take(event(release="1.0", tags={"nth": "first"}))
    take(event(at=NOW + timedelta(seconds=1), tags={"nth": "second"}))
    for number in range(intake.NEWEST):
        take(event(at=NOW + timedelta(minutes=number + 1), tags={"nth": f"n{number}", "seat": "one"}))

    assert titles("nth:first") != []
    assert titles("nth:second") == []
    assert titles("nth:n0 seat:one") != []
    assert not ErrorValue.objects.exclude(event__in=StoredEvent.objects.all()).exists()


@pytest.mark.django_db
def test_deleting_events_also_deletes_their_search_values() -> None:
    ignored = take(event("Ignored", tags={"region": "tokyo"}))
    orders.ignore(ignored.pk, by="mira", now=NOW)
    take(event("Gone", tags={"region": "tokyo"}))

    later = NOW + timedelta(days=31)
    design = read_design(DOCUMENT, "運用設計書.md")
    bindings = read_bindings("", Path("toban.toml"), PARTS.schema)
    service.forget(design, bindings, later, is_held=False, agreed=timedelta(days=30))

    assert titles("region:tokyo") == []
    assert titles("ignored") == [ignored.title]
    assert not ErrorValue.objects.exists()


@pytest.mark.django_db
def test_a_repeated_event_and_the_removal_of_an_error_leave_nothing_behind() -> None:
    intake.take("shop", event(event_id="a" * 32), NOW)
    intake.take("shop", event("Other", event_id="a" * 32), NOW)
    assert titles("type:other") == []

    ErrorGroup.objects.all().delete()

    assert not ErrorValue.objects.exists()


@pytest.mark.django_db
def test_values_of_the_maximum_length_are_stored() -> None:
    wide = "𠮷" * 200
    take(event(tags={wide: wide}, exception=[{"type": wide, "value": "𠮷" * 8000}]))

    assert titles(f"type:{wide}") != []


@pytest.mark.django_db
def test_events_stored_before_the_search_existed_become_findable() -> None:
    for number in range(3):
        take(event(at=NOW + timedelta(minutes=number), release=f"1.{number}", tags={"nth": f"n{number}"}))
    take(event("Other", user={"id": "u1"}, request={"url": "https://shop.example/"}))
    fields = ("group", "event", "is_sample", "name", "value")
    before = set(ErrorValue.objects.values_list(*fields))
    ErrorValue.objects.all().delete()

    importlib.import_module("toban.chapters.errors.migrations.0004_findable").make_findable(apps, None)

    assert set(ErrorValue.objects.values_list(*fields)) == before
