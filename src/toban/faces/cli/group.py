"""The `toban` command: sub-commands are imported only when called, so that each loads only what it needs."""

import inspect
from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from typing import override

import click

from toban import catalogue
from toban.engine.registry.commands import Command
from toban.engine.registry.parts import Parts
from toban.faces.cli import click_words
from toban.faces.cli.state import set_up
from toban.faces.terminal import say


class LazyGroup(click.Group):
    """A group whose commands are registered by module; each module holds one `command`."""

    def __init__(self, own: Mapping[str, Command], parts: Parts, *, help: str) -> None:  # noqa: A002 - click's own name
        """Commands in *own* are found without loading the extensions of *parts*, which bring more."""
        super().__init__(
            help=help, params=[_version_option()], context_settings={"help_option_names": ["-h", "--help"]}
        )
        self._own = own
        self._parts = parts

    @cached_property
    def _all(self) -> Mapping[str, Command]:
        return {**_brought(self._parts), **self._own}

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._all)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        registered = self._own.get(cmd_name) or self._all.get(cmd_name)
        return _loaded(registered) if registered is not None else None

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command's help as it is registered: click would import all commands for that."""
        with formatter.section(click_words.said("Commands")):
            formatter.write_dl([(name, str(self._all[name].help)) for name in self.list_commands(ctx)])


def _version_option() -> click.Option:
    return click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_say_version,
        help=_in(catalogue.active_language(), "Show the version, and exit."),
    )


def _say_version(ctx: click.Context, _option: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        # Not at the top: it is slow to load, and no other command needs it.
        from importlib.metadata import version  # noqa: PLC0415

        say(f"toban {version('toban')}")
        ctx.exit()


class OpenGroup(click.Group):
    """A command to which extensions add sub-commands, registered under both names: `status export`."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_brought(ctx.obj, f"{self.name} ")})

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        registered = _brought(ctx.obj, f"{self.name} ").get(cmd_name)
        return _loaded(registered) if registered is not None else super().get_command(ctx, cmd_name)


def _brought(parts: Parts, above: str = "") -> Mapping[str, Command]:
    """Return the commands that extensions bring, by their names below *above*."""
    brought = (item for each in parts.extensions for item in each.commands.items())
    below = {name.removeprefix(above): command for name, command in brought if name.startswith(above)}
    return {name: command for name, command in below.items() if " " not in name}


def _loaded(registered: Command) -> click.Command:
    if registered.needs_state:
        set_up()
    command = import_module(registered.module).command
    if not isinstance(command, click.Command):
        raise TypeError(f"{registered.module}.command is not a click command")
    _speak(command, catalogue.active_language())
    return command


def _speak(command: click.Command, language: str) -> None:
    """Put the help of *command* and of its commands, written in English beside them, into *language*."""
    command.help = _in(language, command.help)
    command.short_help = _in(language, command.short_help)
    command.epilog = _in(language, command.epilog)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.help = _in(language, parameter.help)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            _speak(each, language)


def _in(language: str, text: str | None) -> str | None:
    return catalogue.help_text(inspect.cleandoc(text), language) if text else text
