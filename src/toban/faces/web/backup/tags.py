"""Template tags for backups: `{% load backup %}`."""

from datetime import timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from toban.chapters.backup.models import Backup
from toban.engine.evidence.verdict import Verdict
from toban.faces.web.backup import words
from toban.faces.words.verdicts import WORDS

register = template.Library()


@register.simple_tag
def within(measured: timedelta | None, longest: timedelta | None) -> SafeString | str:
    """Write whether the measured value meets the document's objective, which allows the *longest*."""
    if measured is None or longest is None:
        return "—"
    kept = measured <= longest
    verdict = Verdict.CONFORMING if kept else Verdict.DEVIATING
    said = WORDS[verdict]
    return format_html(
        '<span class="{}"><span aria-hidden="true">{}</span> {}</span>', verdict.value, verdict.mark, said
    )


@register.filter
def held(backup: Backup) -> str:
    """Return whether a backup can be relied on, as a CSS class."""
    return words.holding(backup).value


@register.filter
def held_mark(backup: Backup) -> str:
    """Return the mark that shows whether a backup can be relied on."""
    return words.HOLDINGS[words.holding(backup)][0]


@register.filter
def held_word(backup: Backup) -> str:
    """Return the word that says whether a backup can be relied on."""
    return str(words.HOLDINGS[words.holding(backup)][1])


@register.filter
def method_word(backup: Backup) -> str:
    """Return a backup's method, as a word."""
    return words.method(backup)
