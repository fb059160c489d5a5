"""`toban status export`: the public page as files."""

from pathlib import Path

import click

from toban.chapters.objectives.bindings import STATUS
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8

_NOT_WRITTEN = 1


@click.command(
    "export",
    short_help="Write the public page into a folder (公開ページを書き出す).",
    epilog="Example: toban status export /srv/www/status",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def command(parts: Parts, folder: Path) -> None:
    """Write the public page of [status], in both languages and as JSON, into FOLDER.

    接続表の [status] に書いたものだけを、スクリプトも外への参照もないファイルとして書き出します。
    何度でも上書きでき、途中の状態は見えません。バッチから定期的に呼んでください。

    \b
    Exit status:
      0  written
      1  there is no [status], or the folder can't be written
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    # `toban status` sets up Django for its --home: modules that need Django are imported after that.
    from toban.faces.cli.kept import edition_of  # noqa: PLC0415
    from toban.faces.public.page import files  # noqa: PLC0415

    with usable_state():
        edition = edition_of(parts)
        status = STATUS.of(edition.bindings)
        if status is None:
            refuse(
                "公開するものが決まっていません",
                f"{edition.bindings.file} に [status] と [[status.services]] を書いてください",
            )
            raise SystemExit(_NOT_WRITTEN)
        written = files(edition, status, system_clock())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in written.items():
            _replace(folder / name, content)
    except OSError as exc:
        refuse(f"{folder} に書けません: {exc.strerror}", "書ける場所を指定してください")
        raise SystemExit(_NOT_WRITTEN) from exc
    say(f"{folder}: {'、'.join(written)}")


def _replace(path: Path, content: bytes) -> None:
    """Write *content* atomically: a reader of *path* gets the old content or the new, never a part."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)
