"""The look back of `toban plan`: what the running Toban keeps says what a new version would have done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from toban.design.diff import ClauseChange
from toban.design.reader import Design
from toban.engine.registry.parts import Parts
from toban.faces.cli.state import set_up
from toban.message import NOTHING, Message, message_of

if TYPE_CHECKING:
    from toban.engine.hindsight.asking import RowHindsight

_SECONDS = 120.0
"""For all rows; what takes longer is said to be unknown."""


@dataclass(frozen=True, slots=True)
class LookBack:
    """What is known about every changed row, or why nothing is."""

    title: Message = NOTHING
    """Over which time it looks; it says nothing if nobody asked."""
    rows: "Mapping[str, RowHindsight]" = field(default_factory=dict)
    """By the row's id."""
    unknown: Message = NOTHING
    is_adverse: bool = False
    is_failed: bool = False

    def lines(self, change: ClauseChange) -> Iterator[Message]:
        """Yield what is known about *change*, each on one line."""
        found = self.rows.get(change.clause.id)
        yield from found.said if found is not None else ()

    def is_against(self, change: ClauseChange) -> bool:
        """Return whether the past speaks against *change*."""
        found = self.rows.get(change.clause.id)
        return found is not None and found.is_adverse

    def as_json(self) -> Mapping[str, Any]:
        """Return it as JSON values."""
        return {
            "title": self.title.as_output(),
            "unknown": self.unknown.as_output() if self.unknown else None,
            "adverse": self.is_adverse,
            "rows": [
                {"id": clause_id, "found": [each.as_json() for each in row.found]}
                for clause_id, row in self.rows.items()
            ],
        }


def look_back(parts: Parts, old: Design, new: Design, days: int, now: datetime) -> LookBack:
    """Look back over *days* by what the Toban keeps that TOBAN_HOME or TOBAN_TELEMETRY_URL names.

    Both versions are bound as it is bound now.
    """
    set_up()
    from django.conf import settings  # noqa: PLC0415
    from django.db import DatabaseError  # noqa: PLC0415

    from toban.engine.assumptions.vague import settle  # noqa: PLC0415
    from toban.engine.editions.edition import Edition  # noqa: PLC0415
    from toban.engine.hindsight.asking import plan_hindsight  # noqa: PLC0415
    from toban.engine.telemetry.store import Telemetry  # noqa: PLC0415
    from toban.faces.cli.kept import kept_edition  # noqa: PLC0415

    title = Message("hindsight.title", count=days)
    nobody = LookBack(title, unknown=Message("hindsight.no-toban-here", home=settings.HOME), is_failed=True)
    if not settings.TELEMETRY_URL:
        return nobody
    try:
        kept = kept_edition(parts, settings.HOME)
    except DatabaseError as away:
        why = Message("hindsight.store-away", why=message_of(away))
        return LookBack(title, unknown=why, is_failed=True)
    if kept is None:
        return nobody
    before, after = (Edition(settle(each, kept.bindings), kept.bindings, parts.kinds) for each in (old, new))
    found = plan_hindsight(
        before, after, days, now, telemetry=Telemetry(settings.TELEMETRY_URL), ports=parts.ports,
        seconds=_SECONDS,
    )  # fmt: skip
    rows = {each.change.clause.id: each for each in found.rows}
    return LookBack(title, rows, is_adverse=found.is_adverse, is_failed=found.is_failed)
