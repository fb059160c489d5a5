"""The document's rows about sign-ins, by the systems besides Toban itself."""

from datetime import datetime

from toban.chapters.accounts.operation import OPERATION
from toban.chapters.accounts.rows.judging import factors, judged, passwords
from toban.chapters.accounts.seen import seen
from toban.design.clauses.base import Clause
from toban.design.clauses.security import MfaRule, PasswordPolicy
from toban.engine.editions.edition import Edition
from toban.engine.rows.judgement import Judgement


def judge(edition: Edition, row: Clause, now: datetime) -> Judgement | None:
    """Return how the systems besides Toban itself keep a row about sign-ins; None if none is bound."""
    plan = edition.plan(OPERATION)
    if not any(each.config.is_production and not each.is_own for each in plan.systems):
        return None
    match row:
        case MfaRule() if row.is_required:
            found = factors(seen(plan), plan.access.oldest, now)
        case PasswordPolicy():
            found = passwords(row, seen(plan), plan.access.oldest, now)
        case _:
            return None
    return judged(found) if found.systems else None
