"""The states of rows: the `.txt` files beside this one, which a person reads beside the document."""

from dataclasses import dataclass
from pathlib import Path

from toban.engine.evidence.verdict import Verdict

_STATES = {
    "適合": Verdict.CONFORMING,
    "逸脱": Verdict.DEVIATING,
    "注意域": Verdict.BETWEEN,
    "警告": Verdict.WARNING,
    "期限前": Verdict.NOT_DUE,
    "測定不能": Verdict.NOT_MEASURABLE,
    "未接続": Verdict.UNBOUND,
    "宣言のみ": Verdict.DECLARED,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """The states in which a row may be, and the codes that its reason may have; `*` is any."""

    states: frozenset[str]
    code: str

    def is_met(self, state: str, code: str) -> bool:
        """Say whether the row is as it should be."""
        return state in self.states and (self.code == "*" or code in self.code.split("/"))


def table(name: str) -> dict[int, Expected]:
    """Return what each line of the table *name* expects: chapters begin at the margin, rows do not."""
    found: dict[int, Expected] = {}
    for row in Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if row.startswith(" "):
            line, states, code = row.split()[:3]
            found[int(line)] = Expected(frozenset(_STATES[each].value for each in states.split("/")), code)
    return found
