"""What the document leaves open, and what was taken for it."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.engine.assumptions.taken import TakenValue, taken
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.faces.web.frame import frame, in_force, look

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ShownAssumption:
    """A value that was taken, and the first of its rows."""

    value: TakenValue

    @property
    def rows(self) -> list[tuple[str, int, str]]:
        """Return id, line and text of the first rows."""
        return [(row.id, row.origin.line, row.text) for row in self.value.rows[:_SHOWN]]

    @property
    def further(self) -> int:
        """Return how many rows are not shown."""
        return max(len(self.value.rows) - _SHOWN, 0)


def values_of(edition: Edition) -> tuple[TakenValue, ...]:
    """Return what was taken for the rows of *edition*."""
    return taken(edition.design, edition.bindings, settings.PARTS.schema)


@require_safe
def assumptions(request: HttpRequest) -> HttpResponse:
    """Show every value that the document leaves open, or those that `?q=` asks for."""
    edition = in_force()
    words = request.GET.get("q", "").strip()
    found = [each for each in values_of(edition) if _holds(each, words.casefold())]
    context = {
        **frame(look(edition, system_clock()), "assumptions"),
        "words": words,
        "assumed": [ShownAssumption(each) for each in found if not each.is_set],
        "set": [ShownAssumption(each) for each in found if each.is_set],
    }
    return render(request, "document/assumptions.html", context)


def _holds(value: TakenValue, words: str) -> bool:
    texts = (str(value.said), value.setting, *(row.text for row in value.rows))
    return any(words in text.casefold() for text in texts)
