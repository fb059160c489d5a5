"""`toban init DOCUMENT`: a first toban.toml, with every question that the document leaves open."""

from pathlib import Path

import click

from toban.design.reader import UnreadableDocument, load_design
from toban.engine.bindings.draft import draft
from toban.engine.registry.parts import Parts
from toban.faces.terminal import refuse, say, speak_utf8

_UNUSABLE = 2


@click.command(
    "init",
    epilog="Example: toban init 運用設計書.md",
)
@click.argument("document", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Default: toban.toml next to the document.")
@click.option("--yes", is_flag=True, help="Overwrite the file if it is there.")
@click.pass_obj
def command(parts: Parts, document: Path, output: Path | None, yes: bool) -> None:
    """Write a commented toban.toml for DOCUMENT, with a proposal for all that the document leaves open.

    文書に書かれていないこと(測る場所、担当者、通知先、バックアップ、ログの行き先)を、接続表として書き出します。

    \b
    Exit status:
      0  written
      2  not written: the reason and a HINT stand on the error stream
    """
    speak_utf8()
    try:
        design = load_design(document)
    except UnreadableDocument as exc:
        refuse(str(exc), exc.hint)
        raise SystemExit(_UNUSABLE) from exc
    tables = [table for each in parts.extensions for table in each.proposals(design, parts.kinds)]
    path = output or document.with_name("toban.toml")
    _write(path, draft(design, tables), overwrite=yes)
    say(f"{path} を書きました。行頭の「#」を外して値を埋め、toban up で動かしてください")


def _write(path: Path, text: str, *, overwrite: bool) -> None:
    try:
        with path.open("w" if overwrite else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as exc:
        refuse(
            f"{path}: すでにあります", "上書きするなら --yes を、別の場所に書くなら --output を付けてください"
        )
        raise SystemExit(_UNUSABLE) from exc
    except OSError as exc:
        refuse(f"{path}: 書けません ({exc.strerror})", "書き込める場所を --output で指定してください")
        raise SystemExit(_UNUSABLE) from exc
