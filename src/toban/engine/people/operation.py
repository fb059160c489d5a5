"""What the accounts extension does: shows whether Toban's own accounts obey the document's security rows."""

from datetime import datetime

from allauth.mfa.models import Authenticator

from toban.design.clauses.security import MfaRule, PasswordPolicy
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.people import report
from toban.engine.people.models import Operator
from toban.engine.people.report import AccountCounts
from toban.engine.people.rules import AccountRules, rules_of
from toban.message import NOTHING


def _plan(edition: Edition) -> Rows:
    rows = (*edition.design.of(MfaRule), *edition.design.of(PasswordPolicy))
    return Rows({row.id: NOTHING for row in rows})


def _show(edition: Edition, now: datetime) -> None:
    design = edition.design
    rules = rules_of(design)
    accounts = counted(rules, now)
    updates = [report.mfa_status(row, rules, accounts, now) for row in design.of(MfaRule)]
    updates += [report.password_status(row, rules, accounts, now) for row in design.of(PasswordPolicy)]
    status.show(updates, now, design.digest)


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


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("account-rows", _show, every=60.0)])


OPERATION = Operation(plan=_plan, shift=_shift)
