"""Click's own words ("Usage", "Missing argument …") in the language of everything else that commands say.

Click asks gettext, which goes by the locale's variables alone: it knows neither `TOBAN_LANGUAGE` nor our
default, and a variable that we set for it would reach every program that Toban starts. So click's modules get
functions of our own, which look into the catalogue `click`; what it lacks stays in English.
"""

from types import ModuleType

from click import core, decorators, exceptions, formatting, parser, termui, types

from toban import catalogue

MODULES: tuple[ModuleType, ...] = (core, decorators, exceptions, formatting, parser, termui, types)


def translate() -> None:
    """Let click speak the active language from now on."""
    for module in MODULES:
        vars(module).update(_=said, ngettext=_plural)


def said(english: str) -> str:
    """Return click's *english* in the active language."""
    return catalogue.translations("click", catalogue.active_language()).gettext(english)


def _plural(english: str, plural: str, count: int) -> str:
    return catalogue.translations("click", catalogue.active_language()).ngettext(english, plural, count)
