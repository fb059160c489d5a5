"""The step of a rollback's procedure that asks for its cause. Pure."""

import re

from toban.design.clauses.release import RollbackProcedure
from toban.design.section import normalise

_CAUSE = re.compile(r"原因|何が起き|なぜ起き|振り返り|再発防止|root cause|post-?mortem|investigat|analy[sz]")


def cause_step(row: RollbackProcedure) -> str:
    """Return the step that asks for the cause: 原因調査・対策; empty if none does."""
    return next((each for each in row.steps if _CAUSE.search(normalise(each))), "")
