"""What the document's usage table should say; a person writes it, by a command."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from toban.chapters.capacity.known import known
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.patch import patch as proposed
from toban.design.document_file import UnreadableDocument
from toban.engine.clock import system_clock
from toban.engine.editions.document_file import document_text
from toban.faces.values.capacity import proposal_words
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.parts import is_fragment
from toban.message import message_of


@require_safe
def patch(request: HttpRequest) -> HttpResponse:
    """Show the proposal as a diff; to the page's script, the part alone."""
    edition, now = in_force(), system_clock()
    path, declared = Path(edition.design.document), edition.bindings.readings
    context: dict[str, object] = {"command": "toban capacity patch --apply"}
    try:
        made = proposed(
            document_text(path, declared)[1], known(edition.plan(OPERATION)), now, declared=declared
        )
        context["diff"] = made.diff(path.name).splitlines()
        context["limits"] = [proposal_words(each) for each in made.limits]
    except UnreadableDocument as exc:
        context["trouble"] = message_of(exc)
    if is_fragment(request):
        return render(request, "capacity/_patch.html", context)
    return render(request, "capacity/patch.html", {**frame(look(edition, now), "capacity"), **context})
