"""The extension of chapter 13: decisions, judged by whoever keeps the evidence of what they promise."""

from toban.design.clauses.base import Clause
from toban.design.clauses.decisions import Decision
from toban.engine.extension import Extension, Link, RowKind, always
from toban.message import Message

_PAGE = Link("decisions", Message("decisions.page"))


def _decisions(_row: Clause) -> Link:
    return _PAGE


EXTENSION = Extension(
    name="decisions",
    manual="decisions.md",
    rows=(RowKind(Decision, is_measured=True, link=_decisions, raises_alerts=always),),
    operation="toban.chapters.decisions.operation",
    pages="toban.faces.web.decisions.urls",
    api="toban.faces.api.decisions.routes",
    folded=(_PAGE,),
    evidence="toban.faces.web.decisions.proof:judged",
)
