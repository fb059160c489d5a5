"""Pages of an external extension, and its rows on the document page."""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import clear_url_caches
from pytest_django import Settings
from tests.integration.extensions.test_toy import DOCUMENT, STORAGE
from tests.integration.extensions.toy import extension as toy
from tests.integration.faces.web.conftest import Fixed

from toban import wiring
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.registry.parts import Parts
from toban.faces.web import urls
from toban.message import plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
CENTURY = timedelta(days=36500)


WITH_TOY = (*(each for each in wiring.EXTENSIONS if "capacity" not in each), toy.__name__)
"""The toy takes the place of chapter 9, whose rows it handles."""


@pytest.fixture
def registered(settings: Settings) -> Iterator[None]:
    """The web pages with the toy among the extensions."""

    def renew(parts: Parts) -> None:
        settings.PARTS = parts
        importlib.reload(urls)
        clear_url_caches()

    before: Parts = settings.PARTS
    renew(Parts(WITH_TOY))
    yield
    renew(before)


@pytest.mark.usefixtures("registered")
def test_rows_of_an_extension_are_on_the_document_page_and_link_to_its_own_page(
    in_force: Fixed, viewer: Client
) -> None:
    bindings = read_bindings("", Path("toban.toml"), Parts(WITH_TOY).schema)
    in_force.edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bindings)
    status.show(
        [StatusUpdate(STORAGE, Verdict.CONFORMING, plain("5 B"), plain("測りました"), NOON, every=CENTURY)],
        NOON,
        "d",
    )

    page = viewer.get("/").content.decode()

    assert f'<output class="value" data-value="{STORAGE}">5 B</output>' in page
    assert '<a class="more" href="/usage/">使用状況</a>' in page
    assert '<a href="/usage/">使用状況</a>' in page
    assert viewer.get("/usage/").content == b"usage"
