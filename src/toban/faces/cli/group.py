"""The `toban` command: sub-commands are imported only when called, so that `toban check` loads little."""

from collections.abc import Mapping
from importlib import import_module
from typing import override

import click


class LazyGroup(click.Group):
    """A group whose commands are module names; each module holds one `command`."""

    def __init__(self, *, modules: Mapping[str, str], help: str) -> None:  # noqa: A002 - click's own name
        super().__init__(help=help, context_settings={"help_option_names": ["-h", "--help"]})
        self._modules = modules

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._modules)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = self._modules.get(cmd_name)
        if module is None:
            return None
        command = import_module(module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.command is not a click command")
        return command
