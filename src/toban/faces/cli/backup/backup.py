"""`toban backup`: list, take, verify, prune and rediscover backups."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
import pyrage

from toban.chapters.backup import catalogue, upkeep
from toban.chapters.backup.engine import BackupFailed, Method
from toban.chapters.backup.models import Backup
from toban.chapters.backup.rules import PrunePlan
from toban.chapters.backup.taking import steps
from toban.chapters.backup.taking.source import BackupSource
from toban.chapters.backup.taking.steps import prune_plan
from toban.chapters.backup.taking.turns import NoTurn, turn_of
from toban.chapters.backup.works import BackupPlan, clause_of
from toban.engine.amounts import size
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.engine.runs import orders
from toban.engine.stores.store import StoreTrouble
from toban.faces.cli.backup.bucket import fix_bucket
from toban.faces.cli.backup.lacking import tell_missing
from toban.faces.cli.backup.own_state import back_up_self
from toban.faces.cli.kept import asked_edition, edition_of
from toban.faces.cli.screen import Screen
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import confirm, refuse, say, speak_utf8
from toban.message import Message, listing, message_of
from toban.text import printable_json

_DAMAGED = 1
_REFUSED = 1
_UNUSABLE = 2
_FORMS = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group("backup")
def command() -> None:
    """Work with the backups of the document's chapter 4."""
    speak_utf8()


command.add_command(fix_bucket)
command.add_command(back_up_self)


@command.command("list", epilog="Example: toban backup list PostgreSQL --format json")
@click.argument("subject", required=False)
@_FORMS
@click.option("--all", "shows_all", is_flag=True, help="Include deleted ones, with the reason.")
def list_backups(subject: str | None, form: str, shows_all: bool) -> None:
    """List the backups in the catalogue, newest first, of SUBJECT or of all.

    The json form has every fact of the catalogue.

    \b
    Exit status:
      0  listed
      2  the state database can't be read
    """
    with usable_state():
        rows = Backup.objects.with_bases().order_by("-ended_at", "-label")
        rows = rows if shows_all else rows.filter(pruned_at=None)
        found = list(rows.filter(subject=subject) if subject else rows)
        if form == "json":
            say(printable_json([_as_json(row) for row in found], indent=2))
        else:
            say("\n".join(map(_line, found)) or Message("backup.none-listed"))


def _as_json(row: Backup) -> dict[str, object]:
    def moment(at: datetime | None) -> str | None:
        return at.isoformat() if at is not None else None

    trouble = row.trouble if row.pruned_at is not None else row.why_unusable
    return {
        "subject": row.subject,
        "label": row.label,
        "method": row.method,
        "parent": row.parent or None,
        "engine": row.engine,
        "engine_version": row.engine_version,
        "server_version": row.server_version,
        "system_id": row.system_id,
        "store": row.store,
        "started_at": moment(row.started_at),
        "ended_at": moment(row.ended_at),
        "start_timeline": row.start_timeline,
        "start_lsn": row.start_lsn or None,
        "end_timeline": row.end_timeline,
        "end_lsn": row.end_lsn or None,
        "restorable_to": moment(row.restorable_to),
        "source_bytes": row.source_bytes,
        "stored_bytes": row.stored_bytes,
        "manifest_sha256": row.manifest_sha256 or None,
        "objects": row.objects_stored,
        "facts": row.facts,
        "verified_at": moment(row.verified_at),
        "restored_at": moment(row.restored_at),
        "trouble": trouble.as_output() if trouble else None,
        "pruned_at": moment(row.pruned_at),
        "pruned_why": row.pruned_why.as_output() if row.pruned_why else None,
    }


def _line(row: Backup) -> str:
    if row.pruned_at is not None:
        mark, told = "-", Message("backup.was-removed", why=row.pruned_why)
    elif row.why_unusable:
        mark, told = "■", Message("backup.unreliable", trouble=row.why_unusable)
    elif row.verified_at is not None:
        mark, told = "●", Message("backup.was-read-back", at=f"{row.verified_at.astimezone():%m-%d %H:%M}")
    else:
        mark, told = "?", Message("backup.was-not-read-back")
    ended = f"{row.ended_at.astimezone():%Y-%m-%d %H:%M}"
    return f"{mark} {row.subject}  {row.label}  {ended}  {size(row.stored_bytes):>9}  {told}"


@command.command("run", epilog="Example: toban backup run PostgreSQL --incremental")
@click.argument("subject")
@click.option("--incremental", is_flag=True, help="An increment on the newest full backup.")
@click.pass_obj
def run(parts: Parts, subject: str, incremental: bool) -> None:
    """Order a backup of SUBJECT now, from the worker of the Toban that runs.

    The evidence records who ordered it.

    \b
    Exit status:
      0  ordered
      1  not possible as things stand
      2  the document or the state database can't be used
    """
    with usable_state():
        _, made = _planned(parts)
        wanted = "incremental" if incremental else "full"
        works = [
            policy.work
            for policy in made.policies
            if policy.row.subject == subject and policy.method.value == wanted
        ]
        with _refusing():
            work = works[0] if works else f"{subject}/{wanted}"
            ordered = orders.order(work, {}, by=shell_user(), now=system_clock(), shell_user=shell_user())
        say(Message("backup.run-ordered", work=work, run=ordered.pk))


@command.command("verify", epilog="Example: toban backup verify PostgreSQL")
@click.argument("which", metavar="[SUBJECT|LABEL]", required=False)
@click.option("--subject", help="Only the backups of this subject.")
@click.pass_obj
def verify(parts: Parts, which: str | None, subject: str | None) -> None:
    """Read backups back whole, all or those of SUBJECT or LABEL, and compare them with what was recorded.

    Damage is shown at the row of the document and announced, and nothing is restored from that backup.

    \b
    Exit status:
      0  all of them are whole
      1  damage was found, or one could not be read
      2  the document or the state database can't be used
    """
    with usable_state():
        edition = asked_edition(parts)
        made = _plan_of(edition)
        label = which
        if which in made.sources and subject in {None, which}:
            subject, label = which, None
        found = 0
        is_whole = True
        for name, source in made.sources.items():
            if subject in {None, name}:
                tell_missing(source.subject, (source.config, source.store_config))
                count, whole = _verify_all(source, label)
                found, is_whole = found + count, is_whole and whole
        if not found:
            hint = Message("backup.see-bindings-and-list", file=edition.bindings.file)
            refuse(Message("backup.not-in-catalogue"), hint)
        if not is_whole or not found:
            raise SystemExit(_DAMAGED)


def _verify_all(source: BackupSource, label: str | None) -> tuple[int, bool]:
    rows = [row for row in catalogue.on_hand(source.subject) if label in {None, row.label}]
    is_whole = True
    with source.opened() as at_work:
        for row in rows:
            try:
                with Screen() as screen:
                    checked = upkeep.verify(source, at_work, row, screen)
            except (BackupFailed, StoreTrouble) as error:
                is_whole = False
                say(f"? {row.subject} {row.label}: {Message('backup.not-checked', why=message_of(error))}")
                continue
            is_whole = is_whole and checked.is_whole
            told = Message("backup.is-whole") if checked.is_whole else listing(checked.troubles)
            say(f"{'●' if checked.is_whole else '■'} {row.subject} {row.label}: {told}")
    return len(rows), is_whole


@command.command("prune", epilog="Example: toban backup prune --dry-run")
@click.argument("subject", required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted and why; change nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def prune(parts: Parts, subject: str | None, dry_run: bool, yes: bool) -> None:
    """Remove what the document no longer asks for; each backup run does the same at its end.

    A backup goes once neither its generations nor its retention in the document keep it.

    \b
    Exit status:
      0  done, or nothing to do
      1  not confirmed, or the store did not do it
      2  the document or the state database can't be used
    """
    with usable_state():
        _, made = _planned(parts)
        for name, source in made.sources.items():
            if subject not in {None, name}:
                continue
            tell_missing(source.subject, (source.config, source.store_config))
            decided = prune_plan(source, source.clock())
            say("\n".join(_decisions(name, decided)))
            if dry_run or not decided.gone:
                continue
            if not yes:
                asked = Message("backup.confirm-prune", subject=name, count=len(decided.gone))
                confirm(asked)
            _prune(source)


def _decisions(subject: str, decided: PrunePlan) -> Iterator[str]:
    kept, gone = decided.kept, decided.gone
    yield str(Message("backup.prune-plan", subject=subject, kept=len(kept), gone=len(gone)))
    yield from (f"  {Message('backup.keep', label=each.label, why=each.why)}" for each in kept)
    yield from (f"  {Message('backup.remove', label=each.label, why=each.why)}" for each in gone)


def _prune(source: BackupSource) -> None:
    with _refusing(), Screen() as screen:
        with turn_of(source.subject, screen) as held, source.opened() as at_work:
            # Decide again: since the plan was shown, a backup may have become needed, or may be gone.
            done = steps.prune(source, at_work, held, screen)
        upkeep.note_pruned(source, done, by=shell_user())


@command.command("import", epilog="Example: toban backup import PostgreSQL")
@click.argument("subject", required=False)
@click.pass_obj
def bring_in(parts: Parts, subject: str | None) -> None:
    """Read what the stores hold into the catalogue: for the day that Toban's own state is lost.

    The catalogue is rebuilt from the descriptions in the stores (backup.json). Backups stay unverified until
    they are read back.

    \b
    Exit status:
      0  read
      1  a store or a description can't be read
      2  the document or the state database can't be used
    """
    with usable_state():
        edition, made = _planned(parts)
        is_readable = True
        for name, source in made.sources.items():
            if subject not in {None, name}:
                continue
            tell_missing(source.subject, (source.config, source.store_config))
            rows = {method.value: clause_of(name, method, edition.design) for method in Method}
            with _refusing(), source.opened() as at_work:
                found = upkeep.bring_in(source, at_work, rows, by=shell_user())
            say(Message("backup.imported", subject=name, count=len(found.added), known=found.known))
            for trouble in found.troubles:
                is_readable = False
                refuse(Message("backup.not-readable", what=trouble), Message("backup.check-identity"))
        if not is_readable:
            raise SystemExit(_REFUSED)


@command.command("keygen", epilog="Example: toban backup keygen backup-key.txt")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def keygen(file: Path) -> None:
    """Make a key pair for `encrypt_to` and `identity` of a store, the secret one into a new FILE.

    The public key is shown. Keep a copy of FILE elsewhere: without it the backups can't be read.

    \b
    Exit status:
      0  made
      1  FILE exists, or can't be written
    """
    identity = pyrage.x25519.Identity.generate()
    public = identity.to_public()
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode=0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(f"# public key: {public}\n{identity}\n")
    except OSError as error:
        said = Message("backup.key-not-written", file=file, why=error.strerror)
        refuse(said, Message("backup.name-a-new-file"))
        raise SystemExit(_REFUSED) from error
    say(f'encrypt_to = ["{public}"]\nidentity = "file:{file.absolute()}"')


def _planned(parts: Parts) -> tuple[Edition, BackupPlan]:
    edition = edition_of(parts)
    return edition, _plan_of(edition)


def _plan_of(edition: Edition) -> BackupPlan:
    from toban.chapters.backup.operation import OPERATION  # noqa: PLC0415

    return edition.plan(OPERATION).backups


@contextmanager
def _refusing() -> Iterator[None]:
    """Report what could not be done, and end the command with status 1."""
    try:
        yield
    except NotPossible as error:
        refuse(error.said, error.hint)
        raise SystemExit(_REFUSED) from error
    except (BackupFailed, StoreTrouble, NoTurn) as error:
        refuse(message_of(error), Message("backup.see-list-and-why"))
        raise SystemExit(_REFUSED) from error
