"""The parameters that an order of a run may give: named and explained; nothing else is accepted. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from toban.message import NOTHING, Message, from_json


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a kind of work knows."""

    name: str
    purpose: Message
    example: str


type Parameters = tuple[Parameter, ...] | None
"""All parameters that a run accepts; None: any name, as for a user's own command."""


def why_refused(given: Iterable[str], takes: Parameters) -> Message:
    """Say which of the names *given* a run does not accept; nothing if it accepts all."""
    unknown = unknown_names(given, takes)
    return Message("runs.no-such-parameter", names=unknown) if unknown else NOTHING


def unknown_names(given: Iterable[str], takes: Parameters) -> Sequence[str]:
    """Return the names *given* that a run does not accept."""
    if takes is None:
        return ()
    known = {each.name for each in takes}
    return [name for name in given if name not in known]


def choices(takes: Parameters) -> Message:
    """Say which parameters a run accepts, each with its purpose."""
    if takes is None:
        return Message("runs.any-parameter")
    if not takes:
        return Message("runs.no-parameters")
    known = tuple(Message("runs.parameter", name=each.name, purpose=each.purpose) for each in takes)
    return Message("runs.parameters-are", known=known)


def kept(takes: Parameters) -> list[dict[str, object]] | None:
    """Return *takes* as JSON, for code that does not load the kinds of works."""
    if takes is None:
        return None
    return [{"name": each.name, "purpose": each.purpose.as_json(), "example": each.example} for each in takes]


def read(json: Sequence[Mapping[str, object]] | None) -> Parameters:
    """Return the parameters from the JSON that `kept` returned."""
    if json is None:
        return None
    return tuple(
        Parameter(str(each["name"]), from_json(each.get("purpose")), str(each["example"])) for each in json
    )
