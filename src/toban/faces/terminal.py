"""Output to the terminal, shared by the commands."""

import os
import sys
from io import TextIOWrapper

import click

from toban.message import Message


def speak_utf8() -> None:
    """Write UTF-8 whatever the locale: the document's words don't fit into LANG=C or a Latin terminal."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def say(text: Message | str) -> None:
    """Print *text*; its colours only reach a terminal whose user wants them (https://no-color.org)."""
    click.echo(str(text), color=False if os.environ.get("NO_COLOR") else None)


def refuse(message: Message | str, hint: Message | str) -> None:
    """Say on the error stream why nothing was done, with a hint."""
    click.echo(f"{message}\nHINT: {hint}", err=True)
