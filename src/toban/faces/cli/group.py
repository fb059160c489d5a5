"""The `toban` command: sub-commands are imported only when called, so that each loads only what it needs."""

from collections.abc import Mapping
from importlib import import_module
from typing import override

import click

from toban.engine.commands import Command
from toban.faces.cli.state import set_up


class LazyGroup(click.Group):
    """A group whose commands are registered by module; each module holds one `command`."""

    def __init__(self, registered: Mapping[str, Command], *, help: str) -> None:  # noqa: A002 - click's own name
        super().__init__(help=help, context_settings={"help_option_names": ["-h", "--help"]})
        self._registered = registered

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._registered)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        registered = self._registered.get(cmd_name)
        if registered is None:
            return None
        if registered.needs_state:
            set_up()
        command = import_module(registered.module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{registered.module}.command is not a click command")
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command's line as it is registered: click would import them all."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._registered[name].help) for name in self.list_commands(ctx)])
