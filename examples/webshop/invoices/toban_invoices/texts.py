"""The operator's own texts on an invoice: Django templates with a few variables."""

from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from toban.engine.bindings.section import Section, invalid
from toban.message import NOTHING, Message, plain

if TYPE_CHECKING:
    from django.template import Engine

NAMES = ("number", "name", "title", "period", "total", "issued_on", "pay_by")
"""The variables of a text: the number, the recipient, the period's title and dates, yen, days."""


def fill(text: str, values: dict[str, str]) -> str:
    """Return *text* with *values* in place of its variables."""
    from django.template import Context  # noqa: PLC0415

    return _engine().from_string(text).render(Context(values, autoescape=False)).strip()


@cache
def _engine() -> "Engine":
    # Loaded with the first text: code that only reads other bindings need not wait for it.
    from django.template import Engine  # noqa: PLC0415

    return Engine(autoescape=False)


def _checked(text: str) -> str:
    from django.template import TemplateSyntaxError  # noqa: PLC0415

    try:
        why = NOTHING if _is_plain(text) else Message("invoices.text-has-unknown-parts")
    except TemplateSyntaxError as error:
        why = plain(str(error))
    if why:
        raise invalid(
            why, Message("invoices.write-known-parts", names=[f"{{{{ {name} }}}}" for name in NAMES])
        )
    return text


def _is_plain(text: str) -> bool:
    """Say whether *text* only has known variables and conditions: `{% include %}` would read other files."""
    from django.template.base import Node, TextNode, Variable, VariableNode  # noqa: PLC0415
    from django.template.defaulttags import IfNode  # noqa: PLC0415

    nodes = _engine().from_string(text).nodelist.get_nodes_by_type(Node)
    names = [node.filter_expression.var for node in nodes if isinstance(node, VariableNode)]
    is_known = all(each.var in NAMES for each in names if isinstance(each, Variable))
    return is_known and all(isinstance(node, TextNode | VariableNode | IfNode) for node in nodes)


Template = Annotated[str, AfterValidator(_checked)]


class Texts(Section):
    """`[batches.ID.texts]`."""

    subject: Template = "{{ title }} ご請求"
    """件名."""
    greeting: Template = "下記のとおりご請求申し上げます。"
    bank: Template = ""
    """お振込先."""
    notes: Template = ""
    """備考."""
