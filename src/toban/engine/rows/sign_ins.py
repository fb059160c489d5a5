"""How other systems than Toban itself keep the document's rows about sign-ins. See `SIGN_IN_RULES`."""

from collections.abc import Callable
from datetime import datetime

from toban.design.clauses.base import Clause
from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.engine.rows.judgement import Judgement

type SignInJudge = Callable[[Edition, Clause, datetime], Judgement | None]
"""Returns how a row is kept there; None if it looks at no other system."""

SIGN_IN_RULES: Port[SignInJudge] = Port("sign-in-rules")
