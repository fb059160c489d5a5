"""Periods that people ordered, as the terminal lists them: silences, maintenance, duty overrides."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from toban.faces.terminal import say
from toban.faces.values.periods import period_values
from toban.message import Message
from toban.text import printable_json

if TYPE_CHECKING:
    from toban.engine.notify.models import OrderedPeriod


def show[Period: "OrderedPeriod"](
    found: Iterable[Period],
    form: str,
    *,
    fields: tuple[str, ...],
    about: Callable[[Period], str],
    none: Message,
) -> None:
    """Print *found* as lines, or as JSON with its own *fields*; the first field holds the number."""
    if form == "json":
        told = [period_values(each, *fields) for each in found]
        say(printable_json(told, indent=2))
    else:
        say("\n".join(f"{each.pk:>6}  {line(each, about(each))}" for each in found) or none)


def line(period: "OrderedPeriod", about: str) -> str:
    """Return what is ordered, from when until when, by whom and why."""
    starts, ends = period.starts_at.astimezone(), period.ends_at.astimezone()
    span = Message("notify.from-to", start=f"{starts:%Y-%m-%d %H:%M}", end=f"{ends:%Y-%m-%d %H:%M}")
    return f"{about}  {span}  {period.author}: {period.reason}"
