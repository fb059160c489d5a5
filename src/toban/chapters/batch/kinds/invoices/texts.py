"""The operator's own sentences on an invoice: Django templates with a few names in them."""

from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from toban.engine.bindings.model import Section

if TYPE_CHECKING:
    from django.template import Engine

SAMPLES = {
    "number": "2026-00001",
    "name": "見本",
    "title": "2026年11月分",
    "period": "2026年11月1日 ～ 2026年11月30日",
    "total": "¥110",
    "issued_on": "2026年11月30日",
    "pay_by": "2026年12月31日",
}
"""The names, each with a value such as it stands for."""

_UNKNOWN = "\0"


def fill(text: str, values: dict[str, str]) -> str:
    """Return *text* with *values* in the places that name them."""
    from django.template import Context  # noqa: PLC0415

    return _engine().from_string(text).render(Context(values, autoescape=False)).strip()


@cache
def _engine() -> "Engine":
    # Loaded with the first text: those who only read other bindings need not wait for it.
    from django.template import Engine  # noqa: PLC0415

    # No loaders and no libraries: a text is itself and reads nothing else.
    return Engine(autoescape=False, string_if_invalid=_UNKNOWN)


def _checked(text: str) -> str:
    from django.template import TemplateSyntaxError  # noqa: PLC0415

    names = "、".join(f"{{{{ {name} }}}}" for name in SAMPLES)
    try:
        is_known = _UNKNOWN not in fill(text, SAMPLES)
    except TemplateSyntaxError as error:
        raise PydanticCustomError(
            "template", "{why}", {"why": str(error), "hint": f"書けるのは {names}"}
        ) from error
    if not is_known:
        raise PydanticCustomError("template", "知らない名前があります", {"hint": f"書けるのは {names} です"})
    return text


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
