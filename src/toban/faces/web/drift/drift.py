"""Where reality is set otherwise than the document says; a person writes the document, by a command."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.design.document_file import UnreadableDocument
from toban.engine.clock import system_clock
from toban.engine.drift.found import DriftState, FoundSetting, found_settings
from toban.engine.drift.patch import patch
from toban.engine.drift.setting import reckoning_of
from toban.engine.editions.document_file import document_text
from toban.engine.editions.edition import Edition
from toban.faces.values.drift.settings import MARKS, change_words, setting_words
from toban.faces.web.frame import frame, in_force, look
from toban.message import Message, message_of


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting, in words."""

    found: FoundSetting
    mark: str
    said: Message
    changed: Message


@require_safe
def drift(request: HttpRequest) -> HttpResponse:
    """Show every setting that is compared, and the change of the document as a diff."""
    edition, now = in_force(), system_clock()
    found = found_settings(edition, now)
    context = {
        **frame(look(edition, now), "drift"),
        "heading": Message("drift.page"),
        "shown": shown_settings(found, edition),
        **proposal(found, edition),
    }
    return render(request, "drift/drift.html", context)


def shown_settings(found: Iterable[FoundSetting], edition: Edition) -> Sequence[ShownSetting]:
    """Return *found* in the words of the page."""
    zone = edition.bindings.system.zone
    return [
        ShownSetting(each, MARKS[each.state], setting_words(each, zone), change_words(each, zone))
        for each in found
    ]


def proposal(found: Iterable[FoundSetting], edition: Edition) -> dict[str, object]:
    """Return the change of the document that *found* asks for, or why there is none.

    The document is read for that, which takes long: not where nothing differs, as on the pages of most rows.
    """
    different = [each for each in found if each.state is DriftState.DIFFERENT]
    if not different:
        return {}
    path, declared = Path(edition.design.document), edition.bindings.readings
    try:
        made = patch(document_text(path, declared)[1], different, reckoning_of(edition), declared)
    except UnreadableDocument as exc:
        return {"trouble": message_of(exc)}
    rows = dict.fromkeys(each.setting.row.id for each in made.taken)
    return {
        "diff": made.diff(path.name).splitlines(),
        "left": made.left,
        "commands": [f"toban drift --apply '{each}'" for each in rows],
    }
