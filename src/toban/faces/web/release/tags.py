"""Words of releases for templates."""

from django import template

from toban.chapters.release.models import Release
from toban.message import Message

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
