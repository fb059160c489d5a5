"""What whoever orders a run may give it: named, with a word of explanation; nothing else is taken. Pure."""

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
"""All that a run may be given; None: any name, as a command of the user's own takes them."""


def why_refused(given: Iterable[str], takes: Parameters) -> str:
    """Say which of the names *given* a run does not take; empty when it takes all."""
    unknown = "」「".join(unknown_names(given, takes))
    return f"「{unknown}」というパラメーターはありません" if unknown else ""


def unknown_names(given: Iterable[str], takes: Parameters) -> Sequence[str]:
    """Return which of the names *given* a run does not take."""
    if takes is None:
        return ()
    known = {each.name for each in takes}
    return [name for name in given if name not in known]


def choices(takes: Parameters) -> str:
    """Say what a run may be given."""
    if takes is None:
        return "パラメーターの名前は自由です"
    if not takes:
        return "このバッチにパラメーターはありません"
    return f"使えるのは {listed(takes)} です"


def listed(takes: Iterable[Parameter]) -> str:
    """Name parameters, each with what it is for."""
    return "、".join(f"{each.name} ({each.ja})" for each in takes)


def kept(takes: Parameters) -> list[dict[str, str]] | None:
    """Return *takes* as JSON, for those who do not load the kinds of works."""
    return None if takes is None else [asdict(each) for each in takes]


def read(json: Sequence[Mapping[str, str]] | None) -> Parameters:
    """Return what `kept` made to be kept."""
    return None if json is None else tuple(Parameter(**each) for each in json)
