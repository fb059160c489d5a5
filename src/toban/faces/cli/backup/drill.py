"""`toban drill`: rehearse a restore, and show what drills have found."""

from pathlib import Path

import click

from toban.catalogue import DOCUMENTS_LANGUAGE, LANGUAGES
from toban.chapters.backup.drills import certificate as paper
from toban.chapters.backup.drills import routine as drills
from toban.chapters.backup.drills.check import RESULTS, checks_of
from toban.chapters.backup.engine import BACKUPS
from toban.chapters.backup.models import Drill
from toban.chapters.backup.restoring.restore import RestoreRefusal
from toban.engine.evidence import certificate as certificates
from toban.engine.paper import NoFont
from toban.engine.registry.parts import Parts
from toban.faces.cli.backup.restore import phases_took, source_in
from toban.faces.cli.group import OpenGroup
from toban.faces.cli.kept import edition_of
from toban.faces.cli.screen import Screen
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, listing, message_of
from toban.text import printable_json

_FAILED = 1
_UNUSABLE = 2
_UNTOLD = 3
_MARKS = {True: "●", False: "■", None: "?"}


@click.group("drill", cls=OpenGroup)
def command() -> None:
    """Restore the newest backup in a server that is thrown away, check it, and keep the evidence.

    The evidence has the result of each check, and how long the restore took.
    """
    speak_utf8()


@command.command("restore")
@click.argument("subject", required=False)
@click.option(
    "--pdf", type=click.Path(path_type=Path, dir_okay=False), help="Also write the certificate here."
)
@click.pass_obj
def restore(parts: Parts, subject: str | None, pdf: Path | None) -> None:
    """Hold a drill now: of SUBJECT, or of every subject whose bindings say how.

    \b
    Exit status:
      0  passed
      1  failed
      2  the document, its bindings or the state database can't be used
      3  something could not be determined, and nothing failed
    """
    with usable_state():
        held = [_hold(parts, each) for each in _subjects(parts, subject)]
        if pdf is not None and held:
            _print(parts, held[-1], pdf)
    results = {drill.is_passed for drill in held}
    raise SystemExit(_FAILED if False in results else _UNTOLD if None in results else 0)


def _subjects(parts: Parts, subject: str | None) -> list[str]:
    bound = BACKUPS.of(edition_of(parts).bindings)
    if subject is not None:
        return [subject]
    found = [name for name, each in bound.items() if each.config.drill is not None]
    if not found:
        refuse(Message("backup.nothing-to-drill"), Message("backup.bind-a-drill"))
        raise SystemExit(_UNUSABLE)
    return found


def _hold(parts: Parts, subject: str) -> Drill:
    edition = edition_of(parts)
    try:
        source = source_in(edition, parts, subject)
    except RestoreRefusal as refusal:
        refuse(refusal.message, refusal.hint)
        raise SystemExit(_UNUSABLE) from refusal
    ordered = drills.routine_of(edition.design, source)
    with Screen() as screen:
        drill = drills.hold(source, screen, routine=ordered, system=edition.bindings.system)
    say(described(drill))
    return drill


def described(drill: Drill) -> str:
    """Return *drill* as lines of text."""
    lines = [f"{_MARKS[drill.is_passed]} {RESULTS[drill.is_passed]}  {drill.subject}  {drill.label}"]
    lines += [f"  {_MARKS[check.passed]} {check.name}: {check.found}" for check in checks_of(drill)]
    if drill.rto_seconds is not None:
        phases = listing(phases_took(drill.phases))
        rto = Message("backup.rto-of-drill", seconds=round(drill.rto_seconds, 1), phases=phases)
        lines.append(f"  {rto}")
    if drill.rpo_seconds is not None:
        lines.append(f"  {Message('backup.rpo-of-drill', seconds=round(drill.rpo_seconds, 1))}")
    if drill.reason:
        lines.append(f"  {drill.reason}")
    numbers = Message("backup.numbers-of-drill", evidence=drill.evidence_sequence, drill=drill.pk)
    return "\n".join([*lines, f"  {numbers}"])


@command.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_drills(form: str) -> None:
    """List drills, the newest first."""
    with usable_state():
        drills = list(Drill.objects.order_by("-started_at")[:100])
    if form == "json":
        say(printable_json([_as_json(drill) for drill in drills], indent=2))
    else:
        say("\n".join(f"{each.started_at.astimezone():%Y-%m-%d %H:%M}  {described(each)}" for each in drills))


def _as_json(drill: Drill) -> dict[str, object]:
    return {
        "drill": drill.pk,
        "subject": drill.subject,
        "label": drill.label,
        "started_at": drill.started_at.isoformat(),
        "ended_at": drill.ended_at.isoformat() if drill.ended_at else None,
        "target": drill.target.isoformat() if drill.target else None,
        "passed": drill.is_passed,
        "rpo_seconds": drill.rpo_seconds,
        "rto_seconds": drill.rto_seconds,
        "phases": drill.phases,
        "checks": [check.as_output() for check in checks_of(drill)],
        "reason": drill.reason.as_output() if drill.reason else None,
        "evidence": drill.evidence_sequence,
    }


@command.command("certificate")
@click.argument("number", type=int)
@click.argument("pdf", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=DOCUMENTS_LANGUAGE,
    show_default=True,
    help="The language of the certificate.",
)
@click.pass_obj
def certificate(parts: Parts, number: int, pdf: Path, language: str) -> None:
    """Write the certificate of drill NUMBER to the file PDF."""
    with usable_state():
        drill = Drill.objects.filter(pk=number).first()
        if drill is None:
            refuse(Message("backup.no-such-drill", drill=number), "toban drill list")
            raise SystemExit(_UNUSABLE)
        _print(parts, drill, pdf, language)


def _print(parts: Parts, drill: Drill, pdf: Path, language: str = DOCUMENTS_LANGUAGE) -> None:
    edition = edition_of(parts)
    try:
        made = paper.certificate(drill, edition.design, edition.bindings.system)
        pdf.write_bytes(certificates.pdf(made, language))
    except (NoFont, OSError) as error:
        refuse(message_of(error), Message("backup.certificate-not-written"))
        raise SystemExit(_UNUSABLE) from error
    say(Message("backup.certificate-written", file=pdf))
