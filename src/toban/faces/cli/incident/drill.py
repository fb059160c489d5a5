"""`toban drill incident`: game days. Something is broken on purpose, and the whole chain must answer."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from toban.chapters.incident.gameday import certificate as paper
from toban.chapters.incident.gameday.foreseen import foreseen
from toban.chapters.incident.gameday.permission import why_not
from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.gameday.watching import check_from_json
from toban.chapters.incident.models import GameDay
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.clock import system_clock
from toban.engine.evidence import certificate as certificates
from toban.engine.orders import NotPossible
from toban.engine.paper import NoFont
from toban.engine.registry.parts import Parts
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.faces.cli.kept import edition_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import confirm, refuse, say, speak_utf8
from toban.faces.values.incident import game_day_values
from toban.message import Message, message_of
from toban.text import printable_json

_FAILED, _UNUSABLE, _NOT_HELD = 1, 2, 3
_LOOK = 0.5
_REST = 600.0
"""Seconds to wait for what the failure before has left: its incident, its alerts."""
_CLAIMED_WITHIN = 60.0
"""Seconds until a worker must have begun."""
_OPEN = (Run.State.WAITING, Run.State.RUNNING)
_MARKS = {True: "●", False: "■"}


@click.command("incident", epilog="Example: toban drill incident --yes")
@click.argument("pattern", required=False)
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option(
    "--pdf",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write the certificates to this folder.",
)
@FORMAT
@click.pass_obj
def command(parts: Parts, pattern: str | None, pdf: Path | None, form: str, *, yes: bool) -> None:
    """Break something on purpose, and see whether everything answers in time.

    Holds a game day of the failure PATTERN of chapter 7, or of every failure for which [faults] says how
    it is made, one after the other. Alert, notification, incident, remedy, recovery and report must answer.
    What was broken is mended at the end, whatever has happened.

    \b
    Exit status:
      0  everything has answered in time
      1  something has not
      2  nothing is bound, not confirmed, or the state database can't be used
      3  not held: a maintenance, a release, an incident, or no worker runs
    """
    speak_utf8()
    with usable_state():
        plan: IncidentPlan = edition_of(parts).plan(OPERATION)
        wanted = _wanted(plan, pattern)
        if form == "text":
            for line in (line for each in wanted for line in foreseen(each, plan)):
                say(line)
        if not yes:
            confirm(Message("incident-gameday.confirm", count=len(wanted)), err=form == "json")
        held = list(_held(wanted, is_told=form == "text"))
        if form == "json":
            say(printable_json([game_day_values(each) for each in held], indent=2))
        if pdf is not None:
            for game_day in held:
                _print(parts, game_day, pdf)
    if len(held) < len(wanted):
        raise SystemExit(_NOT_HELD)
    raise SystemExit(0 if all(each.state == GameDay.State.PASSED for each in held) else _FAILED)


def _wanted(plan: IncidentPlan, pattern: str | None) -> Sequence[PlannedGameDay]:
    bound = list(plan.game_days.values())
    found = [each for each in bound if pattern is None or each.row.name == pattern]
    if found:
        return found
    if pattern is not None and bound:
        said = Message("incident-gameday.no-such-failure", failure=pattern)
        refuse(said, Message("incident-gameday.bound-failures", failures=[each.row.name for each in bound]))
    else:
        refuse(Message("incident-gameday.nothing-bound"), Message("incident-gameday.bind-a-fault"))
    raise SystemExit(_UNUSABLE)


def _held(wanted: Sequence[PlannedGameDay], *, is_told: bool) -> Iterator[GameDay]:
    """Hold one game day after the other; ends early if one can't be held."""
    for number, planned in enumerate(wanted):
        # What the one before has left is over in a moment; what was there before the first is not waited for.
        _wait_for_calm(planned, _REST if number else 0.0)
        run = orders.order(planned.key, {}, by=shell_user(), now=system_clock(), shell_user=shell_user())
        _follow(run, is_told=is_told)
        game_day = GameDay.objects.filter(run=run).first()
        if game_day is None:
            run.refresh_from_db()
            refuse(Message("incident-gameday.not-held", failure=planned.row.name, why=run.note), "")
            return
        _wait_for_end(game_day)
        if is_told:
            for line in _lines(game_day):
                say(line)
        yield game_day


def _wait_for_calm(planned: PlannedGameDay, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (refusal := why_not(planned, system_clock())) is not None:
        if time.monotonic() >= until:
            refuse(refusal.said, refusal.hint)
            raise SystemExit(_NOT_HELD)
        time.sleep(_LOOK)


def _follow(run: Run, *, is_told: bool) -> None:
    """Show how *run* goes until it has ended; one that no worker takes is called off."""
    shown, until = "", time.monotonic() + _CLAIMED_WITHIN
    while run.state in _OPEN:
        if run.began_at is None and time.monotonic() >= until:
            try:
                orders.cancel(run.work, by=shell_user(), now=system_clock(), run_id=run.pk)
            except NotPossible:
                # Taken in this very moment.
                until = float("inf")
            else:
                refuse(Message("incident-gameday.no-worker"), Message("incident-gameday.start-toban"))
                raise SystemExit(_NOT_HELD)
        if is_told and (words := _progress(run)) != shown:
            shown = words
            say(words)
        time.sleep(_LOOK)
        run.refresh_from_db()


def _progress(run: Run) -> str:
    if not run.step:
        return str(Message("incident-gameday.waits-for-worker"))
    step = Message(f"incident-gameday.step-{run.step}")
    return f"{step} {run.progress_text}" if run.progress_text else str(step)


def _wait_for_end(game_day: GameDay) -> None:
    """Wait until a worker has mended what the run has left broken."""
    until = time.monotonic() + _REST
    while game_day.state == GameDay.State.RUNNING and time.monotonic() < until:
        time.sleep(_LOOK)
        game_day.refresh_from_db()


def _lines(game_day: GameDay) -> Iterator[str]:
    is_passed = game_day.state == GameDay.State.PASSED
    state = paper.RESULTS[GameDay.State(game_day.state)]
    yield f"{_MARKS[is_passed]} {state}  {game_day.pattern}"
    for each in map(check_from_json, game_day.checks):
        yield f"  {_MARKS[each.is_passed]} {each.name}: {each.found}"
    if game_day.said:
        yield f"  {game_day.said}"
    numbers: Mapping[str, object] = {"number": game_day.pk, "evidence": game_day.evidence_sequence or 0}
    yield f"  {Message('incident-gameday.footer', **numbers)}"


def _print(parts: Parts, game_day: GameDay, folder: Path) -> None:
    edition = edition_of(parts)
    file = folder / f"game-day-{game_day.pk}.pdf"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = paper.certificate(game_day, edition.design, edition.bindings.system)
        file.write_bytes(certificates.pdf(made))
    except (NoFont, OSError) as error:
        refuse(message_of(error), Message("incident-gameday.certificate-not-written"))
        raise SystemExit(_UNUSABLE) from error
    say(Message("incident-gameday.certificate-written", file=file), err=True)
