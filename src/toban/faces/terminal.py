"""Output to the terminal, shared by the commands: all that is printed goes through here.

People, servers and applications wrote what is shown: names, reasons, answers, lines of logs. A terminal obeys
control characters within it, so none gets there but those of Toban itself.
"""

import os
import re
import secrets
import sys
from io import TextIOWrapper

import click

from toban.message import Message
from toban.text import printable_lines

_OWN = f"\x1b{secrets.token_hex(8)}"
"""How a style of Toban's own begins until it is printed: nobody outside this process can write that."""
_STYLES = re.compile(rf"{_OWN}(\[[0-9;]*m)")


def speak_utf8() -> None:
    """Write UTF-8 whatever the locale: the document's words don't fit into LANG=C or a Latin terminal."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def styled(text: object, *, colour: str | None = None, bold: bool = False) -> str:
    """Return *text* in a colour or bold, for `say`."""
    return click.style(printable_lines(str(text)), fg=colour, bold=bold or None).replace("\x1b", _OWN)


def say(text: object, *, err: bool = False) -> None:
    """Print what *text* says; its colours only reach a terminal whose user wants them (https://no-color.org)."""
    click.echo(harmless(text), err=err, color=False if os.environ.get("NO_COLOR") else None)


def say_over(text: object, *, is_last: bool) -> None:
    """Print *text* on the error stream in place of the line before, which the last one clears."""
    click.echo(f"\r{harmless(text)}" + ("\r\x1b[K" if is_last else ""), nl=False, err=True)


def put(content: bytes) -> None:
    """Write *content* as it is: a file in a format of its own, whose ends of lines must stay."""
    click.echo(content, nl=False)


def confirm(question: object, *, err: bool = False) -> None:
    """Ask *question*, and abort unless the answer is yes."""
    click.confirm(harmless(question), abort=True, err=err)


def typed(question: object) -> str:
    """Ask *question* and return what was typed."""
    return str(click.prompt(harmless(question), default="", show_default=False))


def refuse(message: Message | str, hint: Message | str) -> None:
    """Say on the error stream why nothing was done, with a hint if there is one."""
    say(f"{message}\nHINT: {hint}" if hint else message, err=True)


def harmless(text: object) -> str:
    """Return *text* without control characters but ends of lines, tabs and Toban's own styles."""
    between = _STYLES.split(str(text))
    return "".join(f"\x1b{part}" if n % 2 else printable_lines(part) for n, part in enumerate(between))
