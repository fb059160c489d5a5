"""`toban batch import crontab FILE`: rows and tables for the jobs that cron runs today."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4
from zoneinfo import available_timezones

import click

from toban.chapters.batch.adoption import AdoptionProposal, AdoptionWay, bindings, crontab_lines, propose
from toban.chapters.batch.crontab import read_crontab
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message
from toban.text import printable_json

_SOME_LEFT = 1
_UNUSABLE = 2
_SYSTEMS_OWN = ("/etc/crontab", "/etc/cron.d/")
_ROWS, _TABLES, _CRONTAB, _TOKENS = "batches.md", "batches.toml", "crontab.new", "pings"


def _zone(_context: click.Context, _option: click.Parameter, written: str | None) -> str | None:
    if written is not None and written not in available_timezones():
        raise click.BadParameter(str(Message("batch.no-such-zone", zone=written)))
    return written


@click.group("batch")
def command() -> None:
    """Bring in batches that something else runs today."""


@command.group("import", short_help="From a crontab.")
def import_group() -> None:
    """Propose what the document and toban.toml must say."""


@import_group.command(
    "crontab",
    short_help="Rows and tables for a crontab's jobs.",
    epilog="Example: crontab -l | toban batch import crontab -",
)
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path))
@click.option(
    "--as",
    "way",
    type=click.Choice([each.value for each in AdoptionWay]),
    default=AdoptionWay.PING.value,
    show_default=True,
    help="ping: cron still runs it and reports; command: Toban runs it.",
)
@click.option("--system", is_flag=True, help="The sixth field is a user, as in /etc/crontab and /etc/cron.d.")
@click.option("--prefix", default="C", show_default=True, help="What the batch ids begin with.")
@click.option(
    "--zone", default="Asia/Tokyo", show_default=True, callback=_zone, help="The document's time zone."
)
@click.option("--host-zone", callback=_zone, help="The cron host's time zone; default is the document's.")
@click.option(
    "--url",
    default=lambda: os.environ.get("TOBAN_PUBLIC_URL", "https://toban.example.com"),
    help="Where the host reaches Toban; default is TOBAN_PUBLIC_URL.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path),
    help="Write files into this folder, that of toban.toml.",
)
@click.option("--yes", is_flag=True, help="With --write: overwrite files that are there.")
def crontab(
    file: Path, way: str, system: bool, prefix: str, zone: str, host_zone: str | None, url: str,
    form: str, folder: Path | None, yes: bool,
) -> None:  # fmt: skip
    """Read the crontab FILE (- for standard input) and propose what the document and the bindings must say.

    It proposes rows of the list of batches, tables of toban.toml and, with --as ping, the new lines of the
    crontab. Lines that can't be carried over are listed with the reason. Only --write writes anything.

    \b
    Exit status:
      0  every job is carried over
      1  some are not: each is listed with the reason
      2  the file can't be read, or files are in the way
    """
    speak_utf8()
    text = _read(file)
    is_system = system or str(file).startswith(_SYSTEMS_OWN)
    proposal = propose(
        read_crontab(text, is_system=is_system),
        way=AdoptionWay(way), prefix=prefix, zone=zone, host_zone=host_zone or zone,
    )  # fmt: skip
    if folder is not None:
        _write(proposal, url, folder, overwrites=yes)
    elif form == "json":
        say(_as_json(proposal))
    else:
        say("\n".join(_as_text(proposal, url)))
    raise SystemExit(_SOME_LEFT if proposal.left else 0)


def _read(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else Message("batch.not-utf8")
        refuse(
            Message("batch.file-is-unreadable", file=file, reason=reason),
            Message("batch.pass-a-crontab"),
        )
        raise SystemExit(_UNUSABLE) from exc


def _as_text(proposal: AdoptionProposal, url: str) -> Iterator[str]:
    yield f"{Message('batch.for-the-document')}\n"
    yield proposal.table
    yield f"{Message('batch.for-the-bindings')}\n"
    yield bindings(proposal)
    if proposal.way is AdoptionWay.PING:
        yield f"{Message('batch.for-the-crontab')}\n"
        urls = {each.key: f"{url}/ping/TOKEN-{each.key}" for each in proposal.adopted}
        yield from (line for _, line in crontab_lines(proposal, urls))
        yield ""
    yield from _left(proposal)


def _left(proposal: AdoptionProposal) -> Iterator[str]:
    if not proposal.left:
        yield str(Message("batch.all-lines-adopted"))
        return
    yield str(Message("batch.lines-not-adopted", count=len(proposal.left)))
    for each in proposal.left:
        yield f"{each.line}: {each.reason}\n    {each.text}"


def _as_json(proposal: AdoptionProposal) -> str:
    report = {
        "adopted": [
            {
                "id": each.key,
                "name": each.name,
                "line": each.job.line,
                "timing": each.timing,
                "command": each.job.command,
            }
            for each in proposal.adopted
        ],
        "left": [
            {"line": each.line, "text": each.text, "reason": each.reason.as_output()}
            for each in proposal.left
        ],
        "table": proposal.table,
        "bindings": bindings(proposal),
    }
    return printable_json(report, indent=2)


def _write(proposal: AdoptionProposal, url: str, folder: Path, *, overwrites: bool) -> None:
    files = {_ROWS: proposal.table, _TABLES: bindings(proposal)}
    if proposal.way is AdoptionWay.PING:
        tokens = {each.key: str(uuid4()) for each in proposal.adopted}
        urls = {key: f"{url}/ping/{token}" for key, token in tokens.items()}
        lines = (line for _, line in crontab_lines(proposal, urls))
        files |= {f"{_TOKENS}/{key}": f"{token}\n" for key, token in tokens.items()}
        files[_CRONTAB] = "".join(f"{line}\n" for line in lines)
    _refuse_to_overwrite(files, folder, overwrites=overwrites)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Some of the files hold tokens: anyone who can read a token can report for its job.
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
    written = (str(Message("batch.file-is-written", file=folder / name)) for name in files)
    say("\n".join([*written, *_left(proposal)]))


def _refuse_to_overwrite(files: Mapping[str, str], folder: Path, *, overwrites: bool) -> None:
    there = [name for name in files if (folder / name).exists()]
    if there and not overwrites:
        refuse(
            Message("batch.files-are-there", folder=folder, files=there),
            Message("batch.add-yes-to-overwrite"),
        )
        raise SystemExit(_UNUSABLE)
