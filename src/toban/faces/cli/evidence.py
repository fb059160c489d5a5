"""`toban evidence`: whether the ledger of evidence is still what was written."""

import json
import re
from typing import TYPE_CHECKING

import click

from toban.faces.cli.state import opened_state
from toban.faces.cli.terminal import say, speak_utf8

if TYPE_CHECKING:
    from toban.engine.evidence.ledger import Verification

_BROKEN = 1
_HEAD = re.compile(r"(\d+):([0-9a-f]{64})")


@click.group("evidence", short_help="Check the ledger of evidence (証跡を確かめる).")
def command() -> None:
    """Work with the append-only ledger: every verdict, notice and change, chained by digests."""
    speak_utf8()


@command.command(
    "verify",
    short_help="Walk the whole chain and name the first broken link (鎖をすべてたどる).",
    epilog="Example: toban evidence verify --format json",
)
@click.option("--known", metavar="N:DIGEST", help="A head printed earlier: finds entries cut off at the end.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def verify(known: str | None, form: str) -> None:
    """Check that no entry was changed, removed or reordered.

    表示された「末尾」を Toban の外に控え、次回 --known に渡してください。末尾の切り捨ても見つかります。

    \b
    Exit status:
      0  the chain holds
      1  it is broken
      2  the state database can't be read
    """
    match = _HEAD.fullmatch(known) if known is not None else None
    if known is not None and match is None:
        raise click.BadParameter("番号:要約値 (64桁の16進数) の形で書いてください", param_hint="--known")
    with opened_state():
        from toban.engine.evidence import ledger  # noqa: PLC0415

        found = ledger.verify(ledger.Head(int(match[1]), match[2]) if match else None)
    say(_json(found) if form == "json" else _text(found))
    if found.broken is not None:
        raise SystemExit(_BROKEN)


def _text(found: "Verification") -> str:
    if found.broken is None:
        return f"● 証跡 {found.head.sequence} 件はすべてつながっています\n末尾 {found.head}"
    return (
        f"■ 証跡の {found.broken.sequence} 番でつながりが切れています: {found.broken.reason}\n"
        f"確かな末尾 {found.head}\n"
        "HINT: 状態データベースのバックアップの同じ番号と見比べ、だれが書き換えたかを調べてください"
    )


def _json(found: "Verification") -> str:
    broken = None
    if found.broken is not None:
        broken = {"sequence": found.broken.sequence, "reason": found.broken.reason}
    return json.dumps(
        {"entries": found.head.sequence, "head": str(found.head), "broken": broken}, ensure_ascii=False
    )
