"""`toban restore`: bring a subject back, into a folder or a server of its own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Any

import click

from toban.chapters.backup.drills import postgres
from toban.chapters.backup.drills.postgres import RestoredStart, ServerPrograms
from toban.chapters.backup.engine import BACKUPS, BackupFailed, Damaged, KeepsLog, RestoredBackup
from toban.chapters.backup.report import phase
from toban.chapters.backup.restoring import procedure, records, restore
from toban.chapters.backup.restoring.restore import KnownBackups, RestorePlan, RestoreRefusal, RestoreTarget
from toban.chapters.backup.taking.source import BackupSource, OpenSubject
from toban.chapters.backup.taking.turns import turn_of
from toban.chapters.backup.works import source_of
from toban.engine.amounts import length, size
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.faces.cli.backup.lacking import tell_missing
from toban.faces.cli.kept import asked_edition, named_edition
from toban.faces.cli.screen import Screen
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8, typed
from toban.message import Message, lines, listing, message_of, sentences

_REFUSED = 1
_FAILED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _RestoreArguments:
    """The arguments of the command line."""

    subject: str
    to: str
    into: Path | None
    server: str
    start: bool
    port: int | None
    pause: bool
    binaries: Path | None
    account: str
    from_store: bool
    dry_run: bool
    yes: bool


@click.command(
    "restore",
    epilog='Example: toban restore PostgreSQL --to "2026-11-25 01:23" --into /srv/restored --start',
)
@click.argument("subject")
@click.option(
    "--to", default="latest", show_default=True, metavar="latest|TIME|LABEL", help="What to restore."
)
@click.option(
    "--into",
    # Absolute: the server is started from another folder.
    type=click.Path(path_type=Path, resolve_path=True),
    help="An empty folder, or one that does not exist yet.",
)
@click.option(
    "--server",
    default="",
    metavar="env:NAME|file:PATH|NAME",
    help="pg_dump: the DSN of an empty database. rds: the new instance's name.",
)
@click.option("--start", is_flag=True, help="Start a server on the folder, and wait until it has recovered.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port of the restored server. Default: its source's.",
)
@click.option(
    "--pause", is_flag=True, help="Stop there, readable only, until you have looked and promote the server."
)
@click.option(
    "--binaries", type=click.Path(path_type=Path), help="PostgreSQL's programs; default: the usual places."
)
@click.option(
    "--account",
    default="postgres",
    show_default=True,
    help="The account that the server runs as if Toban is root.",
)
@click.option(
    "--from-store", is_flag=True, help="Read the catalogue from the store: for when the state is lost."
)
@click.option("--procedure", is_flag=True, help="Show the commands that restore it without Toban, and exit.")
@click.option("--dry-run", is_flag=True, help="Show the plan and what prevents it, and exit.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def command(parts: Parts, /, procedure: bool, **words: Any) -> None:
    """Restore SUBJECT, as the document names what is backed up; the plan is shown first.

    The restore begins once you type the subject's name. Nothing is written into a running server, or into a
    folder that is not empty.

    \b
    Exit status:
      0  restored (with --dry-run: nothing forbids it)
      1  refused, or not confirmed; nothing was written
      2  the document, its bindings or the state database can't be used
      3  failed on the way
    """
    speak_utf8()
    asked = _RestoreArguments(**words)
    with nullcontext() if asked.from_store else usable_state():
        try:
            _restore(parts, asked, shows_procedure=procedure)
        except RestoreRefusal as refusal:
            refuse(refusal.message, refusal.hint or Message("backup.see-restore-help"))
            raise SystemExit(_REFUSED) from refusal


def _restore(parts: Parts, asked: _RestoreArguments, *, shows_procedure: bool) -> None:
    edition = named_edition(parts) if asked.from_store else asked_edition(parts)
    source = source_in(edition, parts, asked.subject)
    target = _target(asked.to, edition)
    with source.opened() as at_work:
        known = _known(source, at_work, from_store=asked.from_store)
        took = None if asked.from_store else records.measured(asked.subject)
        planned = restore.plan(asked.subject, known, target, measured=took)
        by_hand = procedure.text(source, planned)
        if shows_procedure:
            say(by_hand)
            return
        named = _binaries(asked, source)
        programs = None
        if planned.is_physical:
            programs = restore.programs_for(planned, named, asked.account, is_needed=asked.start)
        # Printed last, right before the question, so that it has not scrolled away.
        say(by_hand)
        say(lines(*describe(planned, asked.into, source, edition)))
        found = list(_obstacles(planned, asked, source, at_work.store))
        if found:
            raise RestoreRefusal(
                lines(*(each.message for each in found)), sentences(*(each.hint for each in found))
            )
        if asked.dry_run:
            return
        _confirm(asked)
        server = _server(asked, source)
        restored = _act(at_work.engine, planned, asked, server, programs)
        _tell(restored, planned, asked, programs)


def source_in(edition: Edition, parts: Parts, subject: str) -> BackupSource:
    """Return the source that backs up *subject*; raises `RestoreRefusal`."""
    found = source_of(subject, edition.design, edition.bindings, parts.kinds)
    if isinstance(found, Message):
        bound, file = list(BACKUPS.of(edition.bindings)), edition.bindings.file
        hint = Message("backup.bound-subjects", file=file, subjects=bound)
        raise RestoreRefusal(found, hint if bound else Message("backup.no-subjects-bound", file=file))
    tell_missing(subject, (found.config, found.store_config))
    return found


def _target(words: str, edition: Edition) -> RestoreTarget:
    """Read `--to`; a time without a zone is in the document's zone."""
    if words == "latest":
        return RestoreTarget()
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        return RestoreTarget(label=words)
    return RestoreTarget(at=at if at.tzinfo else at.replace(tzinfo=edition.bindings.system.zone))


def _known(source: BackupSource, at_work: OpenSubject, *, from_store: bool) -> KnownBackups:
    if from_store:
        return _known_to_store(source, at_work)
    known, engine = records.in_catalogue(source.subject), at_work.engine
    if not isinstance(engine, KeepsLog):
        return known
    try:
        return restore.with_log_elsewhere(known, engine.newest_moment())
    except BackupFailed as failure:
        # The source may be down: that is when restores are needed.
        say(Message("backup.end-of-log-not-known", why=message_of(failure)), err=True)
        return restore.with_log_elsewhere(known, None)


def _known_to_store(source: BackupSource, at_work: OpenSubject) -> KnownBackups:
    if at_work.store is None:
        raise RestoreRefusal(
            Message("backup.not-in-our-stores", subject=source.subject),
            Message("backup.restore-without-from-store", kind=source.kind_name),
        )
    known, troubles = records.in_store(at_work.store, source.subject)
    for trouble in troubles:
        say(Message("backup.not-readable", what=trouble), err=True)
    return known


def _binaries(asked: _RestoreArguments, source: BackupSource) -> Path | None:
    drill = source.config.drill
    return asked.binaries or (drill.binaries if drill is not None else None)


def describe(
    planned: RestorePlan, into: Path | None, source: BackupSource, edition: Edition
) -> list[Message]:
    """Return the plan as lines of text."""
    zone = edition.bindings.system.zone
    lines = [Message("backup.plan", subject=planned.subject)]
    for taken in planned.chain:
        stored, until = size(sum(each.size for each in taken.objects)), taken.restorable_to.astimezone(zone)
        at = f"{until:%m-%d %H:%M:%S}"
        lines.append(Message("backup.plan-backup", label=taken.label, size=stored, until=at))
    if planned.is_physical and planned.follows_log:
        lines.append(Message("backup.plan-log"))
    reached: Message | str = Message("backup.end-of-log")
    if planned.reaches is not None:
        reached = f"{planned.reaches.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    expected = Message("backup.plan-without-drill")
    if planned.expected is not None:
        expected = Message("backup.plan-expected", length=length(planned.expected))
    place = source.store_name or source.kind_name
    return [
        *lines,
        Message("backup.plan-reaches", at=reached),
        Message("backup.plan-reads", size=size(planned.stored_bytes), place=place),
        Message(
            "backup.plan-writes", into=into or Message("backup.a-server"), size=size(planned.source_bytes)
        ),
        expected,
    ]


def _obstacles(
    planned: RestorePlan, asked: _RestoreArguments, source: BackupSource, store: Any
) -> Iterator[Any]:
    if planned.is_physical and asked.into is None:
        yield RestoreRefusal(Message("backup.no-folder-named"), Message("backup.name-into"))
    if source.kind.into_database and not asked.server:
        yield RestoreRefusal(Message("backup.no-database-named"), Message("backup.name-server"))
    if not planned.is_physical and (asked.start or asked.port or asked.pause):
        yield RestoreRefusal(
            Message("backup.no-server-of-its-own", kind=source.kind_name), Message("backup.look-there-first")
        )
    if asked.into is not None:
        yield from restore.obstacles(planned, asked.into)
    if store is not None:
        yield from restore.unreadable(planned, store)


def _confirm(asked: _RestoreArguments) -> None:
    if asked.yes:
        return
    if typed(Message("backup.confirm-restore", subject=asked.subject)) != asked.subject:
        refuse(Message("backup.other-name-typed"), Message("backup.run-again"))
        raise SystemExit(_REFUSED)


def _server(asked: _RestoreArguments, source: BackupSource) -> str:
    """Return the database to restore into, or the name of the instance to create; raises `RestoreRefusal`."""
    if not source.kind.into_database:
        return asked.server
    try:
        return Secret(asked.server).reveal()
    except SecretUnavailable as error:
        raise RestoreRefusal(message_of(error), Message("backup.server-is-a-secret")) from error


def _act(
    engine: Any, planned: RestorePlan, asked: _RestoreArguments, server: str, programs: ServerPrograms | None
) -> RestoredBackup:
    into = asked.into or Path("restore.work")
    try:
        binaries = programs.folder if programs else None
        order = planned.order(into, server=server, binaries=binaries, pauses=asked.pause, owner=_owner(asked))
        with Screen() as screen, _turn(asked, screen):
            restored: RestoredBackup = engine.restore(order, screen)
    except BackupFailed as failure:
        refuse(message_of(failure), _way_on(failure, planned, asked))
        raise SystemExit(_FAILED) from failure
    return restored


def _owner(asked: _RestoreArguments) -> tuple[int, int] | None:
    try:
        account = postgres.account_for(asked.account)
    except BackupFailed:
        # Whoever starts no server here needs no account for it.
        return None
    return account.ids if account is not None else None


def _way_on(failure: BackupFailed, planned: RestorePlan, asked: _RestoreArguments) -> Message:
    """Return what to do after *failure*: never a command that must fail in the same way."""
    if failure.retry:
        return Message("backup.restore-again")
    if not isinstance(failure, Damaged):
        return Message("backup.restore-again-once-mended")
    if asked.from_store:
        # Without the state nobody remembers the damage: only another backup can be named.
        full, *increments = planned.chain
        if not increments:
            return Message("backup.restore-an-older")
        return Message("backup.restore-without-increment", full=full.label)
    return Message("backup.verify-and-restore", command=f"toban backup verify {quote(asked.subject)}")


def _start(folder: Path, programs: ServerPrograms, start: RestoredStart) -> None:
    log = folder / "restore.log"
    programs.give(folder, folder.with_name(f"{folder.name}.tablespaces"))
    try:
        with Screen() as screen:
            postgres.start_for_good(programs, folder, log, start, screen)
    except BackupFailed as failure:
        # Hours of restoring are done: only the start has to be repeated.
        refuse(message_of(failure), Message("backup.only-start-again", folder=folder, log=log))
        raise SystemExit(_FAILED) from failure
    if start.pauses:
        promote = f"{programs.folder}/pg_ctl -D {folder} promote"
        say(Message("backup.server-pauses", command=promote, log=log))
    else:
        say(Message("backup.server-is-up", log=log))


@contextmanager
def _turn(asked: _RestoreArguments, screen: Screen) -> Iterator[None]:
    """Keep backups from being pruned while they are read. Without the state database nothing prunes."""
    if asked.from_store:
        yield
        return
    with turn_of(asked.subject, screen):
        yield


def _tell(
    restored: RestoredBackup, planned: RestorePlan, asked: _RestoreArguments, programs: ServerPrograms | None
) -> None:
    into = str(restored.folder or restored.server or asked.server)
    if not asked.from_store:
        records.note_restored(planned, into, by=shell_user(), now=system_clock())
    say(Message("backup.restored-into", into=into, phases=listing(phases_took(restored.phases))))
    if restored.folder is None:
        return
    start = RestoredStart(asked.port, asked.pause)
    if asked.start and programs is not None:
        _start(restored.folder, programs, start)
        return
    if os.geteuid() == 0:
        say(Message("backup.not-as-root", account=asked.account, folder=restored.folder))
    where = f"{programs.folder}/" if programs else ""
    pg_ctl = f"{where}pg_ctl -D {restored.folder}"
    command = f'{pg_ctl} -o "{start.words}" start'
    if asked.pause:
        say(Message("backup.how-to-start-paused", command=command, promote=f"{pg_ctl} promote"))
    else:
        say(Message("backup.how-to-start", command=command))


def phases_took(phases: Mapping[str, float]) -> list[Message]:
    """Return how long each of *phases* took."""
    return [
        Message("backup.phase-took", phase=phase(name), seconds=round(s, 1)) for name, s in phases.items()
    ]
