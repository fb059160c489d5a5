"""`toban why`: why an alert or a row caused a notification, or did not; why a batch ran, or did not."""

import json
from collections.abc import Iterator

import click

from toban.engine.registry.parts import Parts
from toban.engine.registry.ports import loaded
from toban.faces.cli.answer import CommandAnswer, Why
from toban.faces.cli.document import why_row
from toban.faces.cli.notify import why_alert
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8

_UNKNOWN = 1
_NAMED = 10
"""How many rows a refusal lists."""


@click.command(
    "why",
    epilog="Example: toban why 12; toban why DB CPU使用率; toban why B003",
)
@click.argument("asked", metavar="ALERT|ROW|BATCH", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(parts: Parts, asked: tuple[str, ...], form: str) -> None:
    """Answer "why?" about an alert by its number, a row of the document, or a batch.

    アラートの番号なら、だれに通知したか、しなかったかを、段階ごとに示します。
    文書の行 (証跡の ID、運用設計書.md:34、または行のキーワード) なら、判定、アラート、通知先を示します。
    バッチの ID なら、予定、待っている相手、直近の実行とその理由、最後の出力を示します。

    \b
    Exit status:
      0  told
      1  there is no such alert, row or batch, or several rows fit the words
      2  the state database can't be read
    """
    speak_utf8()
    words = " ".join(asked)
    with usable_state():
        found = _answer(parts, words)
        if found is None:
            refuse(f"「{words}」というアラート、行、バッチはありません", _way_out(parts))
            raise SystemExit(_UNKNOWN)
    if form == "json":
        say(json.dumps(found.values, ensure_ascii=False, indent=2))
    else:
        say("\n".join(found.lines))


def _answer(parts: Parts, asked: str) -> CommandAnswer | None:
    """Ask the extensions before the alerts: their names must match exactly, and may be numbers, too."""
    found = next(filter(None, (each.answer(parts, asked) for each in _whys(parts))), None)
    if found is None and asked.isdecimal():
        found = why_alert.answer(int(asked))
    if found is not None:
        return found
    rows = why_row.rows(parts, asked)
    if len(rows) > 1:
        named = "、".join(f"{row.origin} ({row.id})" for row in rows[:_NAMED])
        refuse(f"「{asked}」に当てはまる行が {len(rows)} 行あります", f"次のどれかを選んでください: {named}")
        raise SystemExit(_UNKNOWN)
    return why_row.answer(parts, rows[0]) if rows else None


def _way_out(parts: Parts) -> str:
    known = "。".join(each.known(parts) for each in _whys(parts))
    return f"アラートの番号は toban alerts --history、行は toban status で分かります。{known}"


def _whys(parts: Parts) -> Iterator[Why]:
    yield from (loaded(each.why) for each in parts.extensions if each.why)
