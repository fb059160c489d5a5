"""Template tags for every template."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo

from django import template
from django.conf import settings
from django.urls import resolve
from django.utils.html import format_html
from django.utils.safestring import SafeString

from toban.engine import amounts
from toban.engine.extension import Link
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.reason import reason_of
from toban.engine.overview import FigureTrend
from toban.engine.people.access import may_open
from toban.engine.runs.models import HostResult, Run
from toban.faces.document.address import evidence_address, link_address, link_path
from toban.faces.web import assets
from toban.faces.web.runs import charts as run_charts
from toban.faces.web.spark import strokes
from toban.faces.words import alerts as alert_words
from toban.faces.words import lists
from toban.faces.words import traces as trace_words
from toban.faces.words import verdicts as words
from toban.faces.words.runs import RunStatus
from toban.faces.words.runs import standing as standing_of
from toban.message import Message

register = template.Library()


@register.simple_tag
def asset(name: str) -> str:
    """Return the address of a static file."""
    return assets.address(name)


@register.simple_tag(takes_context=True)
def moment(context: Mapping[str, object], at: datetime | None) -> SafeString | str:
    """Write a time in the document's zone, and how far away it is."""
    if at is None:
        return "—"
    now, zone = context["now"], context["zone"]
    return format_html(
        '<time datetime="{}">{}</time> <small class="ago">{}</small>',
        at.isoformat(),
        words.clock(at, now, zone),  # type: ignore[arg-type] # `frame` has put them there
        words.relative(at, now),  # type: ignore[arg-type]
    )


@register.simple_tag(takes_context=True)
def day(context: Mapping[str, object], at: datetime | None) -> SafeString | str:
    """Write the day of a time in the document's zone, and how far away it is."""
    if at is None:
        return "—"
    local = at.astimezone(context["zone"])  # type: ignore[arg-type] # `frame` has put it there
    ago = words.relative(at, context["now"])  # type: ignore[arg-type]
    said = f"{local.year}/{local.month}/{local.day}"
    return format_html(
        '<time datetime="{}">{}</time> <small class="ago">{}</small>', local.date().isoformat(), said, ago
    )


@register.simple_tag(takes_context=True)
def clock(context: Mapping[str, object], at: datetime | None) -> SafeString | str:
    """Write a time in the document's zone."""
    if at is None:
        return "—"
    said = words.clock(at, context["now"], context["zone"])  # type: ignore[arg-type]
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), said)


@register.filter
def took(span: timedelta | None) -> str:
    """Say how long something took."""
    return words.took(span) if span is not None else "—"


@register.filter
def listed(names: Iterable[str]) -> str:
    """Write several names."""
    return lists.listed(names)


@register.filter
def size(count: int | None) -> str:
    """Write a number of bytes."""
    return amounts.size(count) if count is not None else "—"


@register.simple_tag
def standing(run: Run) -> SafeString:
    """Write a run's state, by shape and word."""
    return standing_html(standing_of(run))


@register.simple_tag
def host_standing(host: HostResult) -> SafeString:
    """Write how a run stands on a host, by shape and word."""
    return standing_html(RunStatus(host.state))


@register.filter
def standing_word(run: Run) -> str:
    """Return a run's state as a word, so that a reason that says no more can be left out."""
    return standing_of(run).word


def standing_html(stands: RunStatus) -> SafeString:
    """Write *stands* by shape and word."""
    return format_html(
        '<span class="standing {}"><span class="mark" aria-hidden="true">{}</span> {}</span>',
        stands.value,
        stands.mark,
        stands.word,
    )


@register.simple_tag
def condition(alert: Alert) -> SafeString:
    """Write an alert's condition, by shape and word."""
    return format_html(
        '<span class="condition {}"><span class="mark" aria-hidden="true">{}</span> {}</span>',
        alert_words.condition_kind(alert.condition),
        alert_words.condition_mark(alert.condition),
        alert_words.condition_word(alert.condition),
    )


@register.filter
def became(delivery: Delivery) -> str:
    """Return the outcome of a notification."""
    return alert_words.sent(delivery)


@register.filter
def length_of(run: Run) -> timedelta | None:
    """Return how long a run took."""
    return run_charts.length_of(run)


@register.filter
def in_zone(at: datetime, zone: tzinfo) -> datetime:
    """Return the time in the document's zone, as a naive one: Django would convert an aware one again."""
    return at.astimezone(zone).replace(tzinfo=None)


@register.filter
def entry(entries: Mapping[str, object], key: str) -> object:
    """Return what *entries* hold for *key*."""
    return entries.get(key, key)


@register.simple_tag(takes_context=True)
def clock_text(context: Mapping[str, object], at: datetime) -> str:
    """Return a time in the document's zone, for places that take no markup."""
    return words.clock(at, context["now"], context["zone"])  # type: ignore[arg-type]


@register.filter
def seconds_took(seconds: float | None) -> str:
    """Say how long a number of seconds is."""
    return words.took(timedelta(seconds=seconds)) if seconds is not None else "—"


@register.filter
def row_address(clause_id: str) -> str:
    """Return the address of the page with a row's evidence."""
    return evidence_address(clause_id)


@register.filter
def trace_length(nanoseconds: float) -> str:
    """Say how long a span took."""
    return trace_words.length(nanoseconds)


@register.simple_tag
def address(link: Link) -> str:
    """Return where *link* leads."""
    return link_address(link)


@register.filter
def path_of(trend: FigureTrend) -> str:
    """Return *trend* as the path of a small line."""
    return strokes(trend.points, trend.start, trend.end, (trend.low, trend.high))


@register.simple_tag(takes_context=True)
def menu(context: Mapping[str, object]) -> list[Link]:
    """Return the menu entries of the extensions that the reader may open."""
    return _open_to(context, [each.menu for each in settings.PARTS.extensions])


@register.simple_tag(takes_context=True)
def folded_menu(context: Mapping[str, object]) -> list[Link]:
    """Return the entries below the menu's last one, as far as the reader may open them."""
    return _open_to(context, [each.folded for each in settings.PARTS.extensions])


def _open_to(context: Mapping[str, object], places: Iterable[Iterable[Link]]) -> list[Link]:
    return [place for each in places for place in each if _is_open_to(context, place)]


@register.simple_tag(takes_context=True)
def open_address(context: Mapping[str, object], link: Link | None) -> str:
    """Return where *link* leads; nothing if there is none, or the reader may not open it."""
    return link_address(link) if link is not None and _is_open_to(context, link) else ""


def _is_open_to(context: Mapping[str, object], link: Link) -> bool:
    return may_open(context.get("user"), resolve(link_path(link)).func)


@register.filter
def reason_code(said: Message) -> str:
    """Return the code by which alerts with this reason are found; empty for a text from elsewhere."""
    reason = reason_of(said)
    return reason.code if reason is not None else ""
