"""What is shown to those who review who has access: every account of Toban itself, and what is odd."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator

from toban.design.acts import is_work_of
from toban.design.clauses.security import AccessReview
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import NOTHING, Message, plain, sentences

_DORMANT = timedelta(days=90)
"""Without a sign-in for so long, an account is hardly needed."""


def facts(occasion: TaskOccasion, now: datetime) -> Sequence[TaskFact]:
    """Return every account that may sign in, those singly that somebody must say something about."""
    is_asked = is_work_of(AccessReview, occasion.clause, occasion.edition.design)
    return tuple(_accounts(occasion, now)) if is_asked else ()


def _accounts(occasion: TaskOccasion, now: datetime) -> Iterator[TaskFact]:
    zone = occasion.edition.bindings.system.zone
    people = {each.account: name for name, each in occasion.edition.bindings.people.items() if each.account}
    enrolled = set(Authenticator.objects.filter(type=Authenticator.Type.TOTP).values_list("user", flat=True))
    for each in Operator.objects.filter(is_active=True).order_by("operator_role", "username"):
        seen = each.last_login or each.date_joined
        odd = sentences(
            Message("people.fact-new") if each.date_joined >= occasion.since else NOTHING,
            Message("people.fact-privileged") if each.operator_role == OperatorRole.MANAGER else NOTHING,
            NOTHING if each.pk in enrolled else Message("people.fact-no-factor"),
            NOTHING if each.username in people else Message("people.fact-nobody"),
            Message("people.fact-dormant") if now - seen >= _DORMANT else NOTHING,
        )
        said = Message(
            "people.fact-account",
            role=Message(f"people.role-{each.operator_role}"),
            person=people.get(each.username, "—"),
            seen=each.last_login.astimezone(zone) if each.last_login else "—",
        )
        yield TaskFact(plain(each.username), sentences(said, odd), is_exception=bool(odd))
