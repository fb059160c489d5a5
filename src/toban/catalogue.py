"""The sentences that messages become: GNU gettext catalogues by code, one for each domain and language.

The sentence of `backup.taken` stands in `LANGUAGE/LC_MESSAGES/backup.mo` below the `locale` of its package.
A catalogue is read when its first sentence is wanted. Needs nothing but the standard library, so that
`toban check` stays light.
"""

import gettext
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

DOCUMENTS_LANGUAGE = "ja"
"""What Toban speaks when nobody says otherwise."""
LANGUAGES = (DOCUMENTS_LANGUAGE, "en")

_PACKAGE = Path(__file__).parent
_folders = [
    folder
    for place in (".", "*", "chapters/*", "engine/*")
    for folder in sorted(_PACKAGE.glob(f"{place}/locale"))
]


def add_folder(folder: Path) -> None:
    """Also look in *folder*, a package's own `locale`."""
    if folder not in _folders:
        _folders.append(folder)
        translations.cache_clear()


def sentence(code: str, language: str, count: int | None = None) -> str | None:
    """Return the sentence of *code* with its placeholders; in the plural form for *count*, if it has several.

    A language that lacks it falls back to the document's; None where no catalogue has the code.
    """
    for each in dict.fromkeys((language.partition("-")[0], DOCUMENTS_LANGUAGE)):
        found = _found(translations(code.partition(".")[0], each), code, count)
        if found is not None:
            return found
    return None


def help_text(english: str, language: str) -> str:
    """Return the help of a command or option in *language*; it is written in English beside the command."""
    return translations("help", language).gettext(english)


def _found(catalogue: gettext.NullTranslations, code: str, count: int | None) -> str | None:
    plural = code if count is None else catalogue.ngettext(code, code, count)
    text = catalogue.gettext(code) if plural == code else plural
    return None if text == code else text


@cache
def translations(domain: str, language: str) -> gettext.NullTranslations:
    """Return a whole catalogue; one without entries if no folder has it."""
    for folder in _folders:
        if gettext.find(domain, folder, [language]):
            return gettext.translation(domain, folder, [language])
    return gettext.NullTranslations()


def active_language() -> str:
    """Return the language of whoever reads what this process, or this request, writes."""
    return _active() or DOCUMENTS_LANGUAGE


def follow(language: Callable[[], str | None]) -> None:
    """Ask *language* for the active language from now on: a server's is that of each request."""
    global _active  # noqa: PLW0603 - one per process: commands and servers decide it once, at their start
    _active = language


def language_of_locale() -> str:
    """Return the language that the environment names: that of a terminal's user.

    `TOBAN_LANGUAGE` comes first, then the variables of POSIX. C and POSIX say nothing about the language.
    """
    names = ("TOBAN_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for name in names if (value := os.environ.get(name))), "")
    language = locale.replace("-", "_").partition(".")[0].partition("_")[0].lower()
    if language in {"", "c", "posix", DOCUMENTS_LANGUAGE}:
        return DOCUMENTS_LANGUAGE
    return "en"


_active: Callable[[], str | None] = language_of_locale
