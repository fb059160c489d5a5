"""The help of every command: English beside the command, and Japanese in the catalogue."""

from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.pofile import read_po
from tests.unit.house.test_messages import JAPANESE, PACKAGE, QUOTED

from toban import wiring


def commands() -> Iterator[tuple[str, click.Command]]:
    here = wiring.parts()
    group = wiring.command(here)
    yield from _below("toban", group, click.Context(group, obj=here))


def _below(name: str, command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from _below(f"{name} {each}", found, click.Context(found, context, each))


def texts(command: click.Command) -> Iterator[str]:
    yield from filter(None, (command.help, command.short_help, command.epilog))
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield parameter.help


def japanese() -> dict[str, str]:
    with Path(PACKAGE, "faces/locale/ja/LC_MESSAGES/help.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}


def test_help_is_written_in_english(english_help: tuple[tuple[str, str], ...]) -> None:
    mixed = {name: text for name, text in english_help if JAPANESE.search(QUOTED.sub("", text))}

    assert mixed == {}


def test_all_help_is_in_japanese_too(english_help: tuple[tuple[str, str], ...]) -> None:
    known = japanese()
    missing = [f"{name}: {text}" for name, text in english_help if not known.get(text)]

    assert missing == []
    assert set(known) <= {text for _name, text in english_help}
