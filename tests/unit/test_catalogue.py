"""Whose language Toban speaks, and where its sentences are."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from toban import catalogue


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "ja"),
        ({"LANG": "C.UTF-8"}, "ja"),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, "ja"),
        ({"TOBAN_LANGUAGE": "en", "LC_ALL": "ja_JP.UTF-8"}, "en"),
        ({"TOBAN_LANGUAGE": "en-GB"}, "en"),
    ],
)
def test_a_terminal_is_spoken_to_in_the_language_of_its_locale(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("TOBAN_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert catalogue.language_of_locale() == language


def test_a_package_brings_its_own_catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    brought = Catalog(locale="en")
    brought.add("shop.sold", "Sold %(count)s")
    with (folder / "shop.mo").open("wb") as file:
        write_mo(file, brought)
    monkeypatch.setattr(catalogue, "_folders", list(catalogue._folders))
    assert catalogue.sentence("shop.sold", "en") is None

    catalogue.add_folder(tmp_path)

    assert catalogue.sentence("shop.sold", "en") == "Sold %(count)s"
    catalogue.translations.cache_clear()
