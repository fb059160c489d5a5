"""What holds on every page: no order from another site is taken, and strangers are shown nothing."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from tests.integration.faces.web.conftest import Fixed, Operators

from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
OPEN = ("accounts/", "calendar.ics", "duty.ics", "tasks.ics", "status/", "i18n/", "report/")
"""What answers without a sign-in: each says itself what it shows."""
VALUES = {"int": "1", "path": "x/y", "str": "x", "slug": "x", "uuid": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}


def addresses(resolver: URLResolver, above: str = "") -> Iterator[str]:
    for each in resolver.url_patterns:
        address = f"{above}{each.pattern}"
        if isinstance(each, URLPattern):
            yield re.sub(r"<(?:(\w+):)?\w+>", lambda found: VALUES[found[1] or "str"], address)
        else:
            yield from addresses(each, address)


PAGES = [each for each in addresses(get_resolver()) if not f"/{each}".startswith(settings.API_PATH)]


def test_no_page_takes_an_order_from_another_site(in_force: Fixed, operator: Operators) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator("boss", OperatorRole.MANAGER))

    taken = [each for each in PAGES if client.post(f"/{each}").status_code != 403]

    assert len(PAGES) > 100
    assert taken == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_shows_a_stranger_anything(method: str, in_force: Fixed, operator: Operators) -> None:
    inner = [each for each in PAGES if not each.startswith(OPEN)]
    before = LedgerEntry.objects.count()

    answers = {each: getattr(Client(), method)(f"/{each}") for each in inner}

    shown = {
        each for each, told in answers.items() if told.headers.get("Location", "").split("?")[0] != SIGN_IN
    }
    assert len(inner) > 80
    assert shown == set()
    assert LedgerEntry.objects.count() == before
