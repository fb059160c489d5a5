"""How logs answer other extensions about retention. See `toban.engine.retention`."""

from contextlib import AbstractContextManager
from datetime import timedelta

from toban.chapters.logs.keeping import keeper
from toban.chapters.logs.keeping.undisturbed import undisturbed
from toban.chapters.logs.rules import rules
from toban.engine.editions.edition import Edition


class _LogRetention:
    """See `Retention`."""

    def agreed(self, kind: str, edition: Edition) -> timedelta | None:
        return keeper.agreed_to(kind, rules(edition.design, edition.bindings))

    def held_by(self, kind: str) -> str:
        return keeper.held_by(kind)

    def undisturbed(self) -> AbstractContextManager[None]:
        return undisturbed()


RETAINED = _LogRetention()
