"""What the accounts extension does: shows whether accounts obey the document's security rows.

Toban's own do by its own rules; other systems are judged by whoever collects their accounts.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from allauth.mfa.models import Authenticator

from toban.design.clauses.security import MfaRule, PasswordPolicy
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import worst
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.people import report
from toban.engine.people.models import Operator
from toban.engine.people.report import AccountCounts
from toban.engine.people.rules import AccountRules, rules_of
from toban.engine.registry.ports import Ports
from toban.engine.rows.report import update_of
from toban.engine.rows.sign_ins import SIGN_IN_RULES
from toban.message import NOTHING


def _plan(edition: Edition) -> Rows:
    rows = (*edition.design.of(MfaRule), *edition.design.of(PasswordPolicy))
    return Rows({row.id: NOTHING for row in rows})


def _show(ports: Ports, edition: Edition, now: datetime) -> None:
    status.show(list(_judged(ports, edition, now)), now, edition.design.digest)


def _judged(ports: Ports, edition: Edition, now: datetime) -> Iterator[StatusUpdate]:
    """Yield the status of each row: the worst of Toban's own accounts and of the other systems."""
    design, rules = edition.design, rules_of(edition.design)
    accounts, judges = counted(rules, now), ports.all(SIGN_IN_RULES)
    rows: tuple[MfaRule | PasswordPolicy, ...] = (*design.of(MfaRule), *design.of(PasswordPolicy))
    for row in rows:
        others = [
            update_of(row, found, now) for judge in judges if (found := judge(edition, row, now)) is not None
        ]
        own = (
            report.mfa_status(row, rules, accounts, now, is_all=not others)
            if isinstance(row, MfaRule)
            else report.password_status(row, rules, accounts, now, is_all=not others)
        )
        yield worst((*others, own)) or own


def counted(rules: AccountRules, now: datetime) -> AccountCounts:
    """Return how many accounts may sign in, and how many of them obey *rules* already."""
    active = Operator.objects.filter(is_active=True)
    enrolled = Authenticator.objects.filter(type=Authenticator.Type.TOTP).values("user")
    return AccountCounts(
        active=active.count(),
        with_second_factor=active.filter(pk__in=enrolled).count(),
        to_renew=sum(
            each.must_change_password or rules.is_expired(each.password_changed_at, now) for each in active
        ),
    )


def _shift(at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("account-rows", partial(_show, at.ports), every=60.0)])


OPERATION = Operation(plan=_plan, shift=_shift)
