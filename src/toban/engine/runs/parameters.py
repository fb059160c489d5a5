"""The parameters that an order of a run may give: named, explained, typed; nothing else is accepted. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from toban.message import NOTHING, Message, from_json
from toban.text import visible

_COUNT = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = re.compile(r"[^\s\"\\=]+")
_TEXT = re.compile(r"[^-\x00-\x1f\x7f\x85\u2028\u2029][^\x00-\x1f\x7f\x85\u2028\u2029]{0,499}")
"""One line; with a hyphen first, a program could take it for one of its options."""


class ParameterKind(StrEnum):
    """What a parameter's value may be."""

    ANY = "any"
    """Whatever the kind of work itself understands."""
    TEXT = "text"
    NUMBER = "number"
    COUNT = "count"
    """A whole number."""
    DATE = "date"
    CHOICE = "choice"
    SECRET = "secret"  # noqa: S105 - a kind
    """The name of a secret in the bindings: the secret itself is neither asked for nor kept."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a kind of work knows, or that a binding declares."""

    name: str
    purpose: Message
    example: str = ""
    kind: ParameterKind = ParameterKind.ANY
    choices: tuple[str, ...] = ()
    """All values of a choice, or the names of the secrets."""
    least: str = ""
    most: str = ""
    """The limits of a number, both included; empty: none."""
    default: str = ""
    """The value of a run that is given none."""
    is_required: bool = False


type Parameters = tuple[Parameter, ...] | None
"""All parameters that a run accepts; None: any name, as for a user's own command that declares none."""


def why_refused(given: Mapping[str, str], takes: Parameters) -> Message:
    """Say which of the parameters *given* a run does not accept, or which it lacks; nothing if it may run."""
    if unknown := unknown_names(given, takes):
        return Message("runs.no-such-parameter", names=unknown)
    wrong = (_why_wrong(each, given.get(each.name)) for each in takes or ())
    return next(filter(None, (*wrong, *_with_nul(given))), NOTHING)


def _with_nul(given: Mapping[str, str]) -> Iterator[Message]:
    # Neither a database nor an environment variable takes it, whatever the kind of work understands.
    for name, value in given.items():
        if "\0" in value:
            said = Message("runs.allowed-text")
            yield Message("runs.parameter-is-wrong", name=name, value=visible(value), allowed=said)


def _why_wrong(parameter: Parameter, value: str | None) -> Message:
    name = parameter.name
    if value is None:
        return Message("runs.parameter-is-missing", name=name) if parameter.is_required else NOTHING
    if is_valid(parameter, value):
        return NOTHING
    if parameter.kind is ParameterKind.SECRET:
        # What was given may be a secret itself.
        return Message("runs.secret-has-no-such-name", name=name, allowed=allowed(parameter))
    return Message("runs.parameter-is-wrong", name=name, value=value, allowed=allowed(parameter))


def is_valid(parameter: Parameter, value: str) -> bool:
    """Return whether *value* is one that *parameter* may have."""
    match parameter.kind:
        case ParameterKind.ANY:
            return True
        case ParameterKind.TEXT:
            return _TEXT.fullmatch(value) is not None
        case ParameterKind.NUMBER:
            return _NUMBER.fullmatch(value) is not None and _is_within(Decimal(value), parameter)
        case ParameterKind.COUNT:
            return _COUNT.fullmatch(value) is not None and _is_within(Decimal(value), parameter)
        case ParameterKind.DATE:
            return _DATE.fullmatch(value) is not None and _is_date(value)
        case ParameterKind.CHOICE | ParameterKind.SECRET:
            return value in parameter.choices


def _is_within(number: Decimal, parameter: Parameter) -> bool:
    is_enough = not parameter.least or number >= Decimal(parameter.least)
    return is_enough and (not parameter.most or number <= Decimal(parameter.most))


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def allowed(parameter: Parameter) -> Message:
    """Say which values *parameter* may have; nothing if only the kind of work knows."""
    match parameter.kind:
        case ParameterKind.ANY:
            return NOTHING
        case ParameterKind.TEXT:
            return Message("runs.allowed-text")
        case ParameterKind.NUMBER if parameter.least or parameter.most:
            return Message("runs.allowed-number-within", least=parameter.least, most=parameter.most)
        case ParameterKind.COUNT:
            return Message("runs.allowed-count", least=parameter.least or "0", most=parameter.most or "…")
        case ParameterKind.NUMBER:
            return Message("runs.allowed-number")
        case ParameterKind.DATE:
            return Message("runs.allowed-date")
        case ParameterKind.CHOICE | ParameterKind.SECRET:
            return Message("runs.allowed-choice", choices=parameter.choices)


def filled(given: Mapping[str, str], takes: Parameters) -> dict[str, str]:
    """Return the parameters *given*, with the defaults of those that are not."""
    return {**{each.name: each.default for each in takes or () if each.default}, **given}


def unknown_names(given: Iterable[str], takes: Parameters) -> Sequence[str]:
    """Return the names *given* that a run does not accept: never one that no environment variable has."""
    if takes is None:
        return [name for name in given if not _NAME.fullmatch(name)]
    known = {each.name for each in takes}
    return [name for name in given if name not in known]


def written(given: Mapping[str, str]) -> str:
    """Return the parameters *given* on one line, of which no value can look like another parameter."""
    return "  ".join(f"{_quoted(name)}={_quoted(given[name])}" for name in sorted(given))


def _quoted(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) is not None and text.isprintable()
    return text if is_plain else visible(json.dumps(text, ensure_ascii=False))


def choices(takes: Parameters) -> Message:
    """Say which parameters a run accepts, each with its purpose."""
    if takes is None:
        return Message("runs.any-parameter")
    if not takes:
        return Message("runs.no-parameters")
    known = tuple(
        Message("runs.parameter", name=each.name, purpose=each.purpose or allowed(each)) for each in takes
    )
    return Message("runs.parameters-are", known=known)


def kept(takes: Parameters) -> list[dict[str, object]] | None:
    """Return *takes* as JSON, for code that does not load the kinds of works."""
    if takes is None:
        return None
    return [
        {
            "name": each.name,
            "purpose": each.purpose.as_json(),
            "example": each.example,
            "kind": each.kind.value,
            "choices": list(each.choices),
            "least": each.least,
            "most": each.most,
            "default": each.default,
            "required": each.is_required,
        }
        for each in takes
    ]


def read(json: Sequence[Mapping[str, object]] | None) -> Parameters:
    """Return the parameters from the JSON that `kept` returned."""
    return None if json is None else tuple(map(_read, json))


def _read(each: Mapping[str, object]) -> Parameter:
    choices = each.get("choices")
    return Parameter(
        str(each["name"]),
        from_json(each.get("purpose")),
        str(each["example"]),
        # A work that was planned by an earlier version knows no kinds.
        ParameterKind(str(each.get("kind", ParameterKind.ANY))),
        tuple(map(str, choices)) if isinstance(choices, list) else (),
        str(each.get("least", "")),
        str(each.get("most", "")),
        str(each.get("default", "")),
        bool(each.get("required")),
    )
