"""Words of releases for templates."""

from collections.abc import Mapping
from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from toban.chapters.release.models import Release
from toban.chapters.release.ordering.first import BINDINGS
from toban.chapters.release.ordering.orders import TRIGGER, WATCH
from toban.faces.words import verdicts as words
from toban.message import Message, plain

register = template.Library()

_MARKS = {
    Release.State.PLANNED: "◇",
    Release.State.RUNNING: "▷",
    Release.State.WATCHED: "◎",
    Release.State.DONE: "●",
    Release.State.FAILED: "■",
    Release.State.ROLLED_BACK: "↩",
    Release.State.ABORTED: "–",
}
_BY_TOBAN = (TRIGGER, WATCH, BINDINGS, "schedule")
"""What stands for whoever ordered a release that no account did."""
_CLASSES = {
    Release.State.WATCHED: "conforming",
    Release.State.DONE: "conforming",
    Release.State.FAILED: "deviating",
    Release.State.ROLLED_BACK: "deviating",
}


@register.filter
def state_word(release: Release) -> Message:
    """Return the word for the state of *release*."""
    return Message(f"release.state-{release.state}")


@register.filter
def state_mark(release: Release) -> str:
    """Return the mark of that state."""
    return _MARKS[Release.State(release.state)]


@register.filter
def state_class(release: Release) -> str:
    """Return the colour of that state, as a class."""
    return _CLASSES.get(Release.State(release.state), "")


@register.filter
def kind_word(release: Release) -> Message:
    """Return the word for the kind of *release*."""
    return Message(f"release.kind-{release.kind}")


@register.filter
def orderer(release: Release) -> Message:
    """Return who ordered *release*, in words if it was nobody's account."""
    if release.ordered_by in _BY_TOBAN and not release.orderers:
        return Message(f"release.ordered-by-{release.ordered_by}")
    return plain(release.ordered_by)


@register.simple_tag(takes_context=True)
def stopwatch(context: Mapping[str, object], at: datetime) -> SafeString:
    """Write a time in the document's zone, to the second."""
    said = words.clock(at, context["now"], context["zone"])  # type: ignore[arg-type]
    return format_html('<time datetime="{}">{}:{}</time>', at.isoformat(), said, f"{at:%S}")
