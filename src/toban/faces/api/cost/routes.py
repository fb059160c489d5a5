"""Costs by the API: what a month has cost against the budgets of chapter 11, and until when that is known."""

from typing import Any

from django.http import HttpRequest
from ninja import Schema

from toban.chapters.cost.known import known
from toban.chapters.cost.operation import OPERATION
from toban.chapters.cost.overview import overview
from toban.engine.clock import system_clock
from toban.faces.api.edition import edition_in_force
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Said
from toban.faces.values.cost.month import overview_values

router = ScopedRouter()


class ShownBill(Schema):
    """A bill, and the newest look at it."""

    name: str
    newest: str | None
    """The last day that it charges."""
    read_at: str | None
    made_at: str | None
    """When whoever writes it last wrote it."""
    trouble: Said | None


class ShownBudget(Schema):
    """A row of chapter 11; amounts are texts, so that nothing of them is lost."""

    item: str
    clause: str
    is_total: bool
    currency: str
    budget: str | None
    limit: str | None
    """What raises the alert."""
    spent: str
    former: str | None
    """What the month before has cost; null if it is not known from its beginning."""
    forecast: str | None
    """Of the month's end; null if too little is known."""
    even: str | None
    """What would be spent until then if every day cost the same."""
    until: str | None
    """The last day that is known whole."""
    made_at: str | None
    verdict: str
    """Of the costs alone; the row's status also counts its check."""
    reason: Said
    gaps: list[Said]
    """Why more may have been spent."""


class ShownCostMeasure(Schema):
    """A measure to spend less that anything can show."""

    name: str
    clause: str
    until: str | None
    """The last day of what it has bought for a term."""
    saving_jpy: str | None
    """Of this month; null if bills can't show it."""
    verdict: str
    reason: Said


class ShownService(Schema):
    """What a service has cost in the month."""

    service: str
    item: str
    """The item that it belongs to; empty: none."""
    amount: str


class ShownTag(Schema):
    """What bears a value of the tag of `[costs]`."""

    tag: str
    """Empty: none."""
    amount: str


class ShownCostJump(Schema):
    """A service that suddenly costs more or less, in amounts a day."""

    service: str
    since: str
    before: str
    after: str
    said: Said
    """With what changed when it began."""


class ShownDay(Schema):
    """What a day has cost."""

    day: str
    amount: str


class ShownRestated(Schema):
    """A day that a bill told otherwise later; what it said before is kept."""

    bill: str
    day: str
    taken_at: str
    replaced_at: str


class ShownCosts(Schema):
    """The month of today, and in which terms it is told."""

    month: str
    currency: str
    zone: str
    tax: str
    amounts: str
    credits_are: str
    rates: dict[str, str]
    whole: str
    other: str
    """What belongs to no item."""
    credits: str
    unknown_currencies: list[str]
    bills: list[ShownBill]
    budgets: list[ShownBudget]
    measures: list[ShownCostMeasure]
    services: list[ShownService]
    tags: list[ShownTag]
    jumps: list[ShownCostJump]
    days: list[ShownDay]
    restated: list[ShownRestated]


@router.read("/costs", "read:costs", ShownCosts)
def costs(request: HttpRequest) -> Any:
    """Return what this month has cost: by budget, service, tag and day."""
    del request
    found = known(edition_in_force().plan(OPERATION), system_clock())
    return overview_values(overview(found), found)
