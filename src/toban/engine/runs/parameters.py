"""The parameters that an order of a run may give: named and explained; nothing else is accepted. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a kind of work knows."""

    name: str
    ja: str
    """What it is for, in Japanese."""
    en: str
    """The same in English."""
    example: str


type Parameters = tuple[Parameter, ...] | None
"""All parameters that a run accepts; None: any name, as for a user's own command."""


def why_refused(given: Iterable[str], takes: Parameters) -> str:
    """Return a message about the names *given* that a run does not accept; empty if it accepts all."""
    unknown = "」「".join(unknown_names(given, takes))
    return f"「{unknown}」というパラメーターはありません" if unknown else ""


def unknown_names(given: Iterable[str], takes: Parameters) -> Sequence[str]:
    """Return the names *given* that a run does not accept."""
    if takes is None:
        return ()
    known = {each.name for each in takes}
    return [name for name in given if name not in known]


def choices(takes: Parameters) -> str:
    """Return a message about the parameters that a run accepts."""
    if takes is None:
        return "パラメーターの名前は自由です"
    if not takes:
        return "このバッチにパラメーターはありません"
    return f"使えるのは {listed(takes)} です"


def listed(takes: Iterable[Parameter]) -> str:
    """Return the names of parameters as text, each with its purpose."""
    return "、".join(f"{each.name} ({each.ja})" for each in takes)


def kept(takes: Parameters) -> list[dict[str, str]] | None:
    """Return *takes* as JSON, for code that does not load the kinds of works."""
    return None if takes is None else [asdict(each) for each in takes]


def read(json: Sequence[Mapping[str, str]] | None) -> Parameters:
    """Return the parameters from the JSON that `kept` returned."""
    return None if json is None else tuple(Parameter(**each) for each in json)
