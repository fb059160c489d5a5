"""`toban drift`: where reality is set otherwise than the document says, and the document brought up to it."""

from collections.abc import Sequence
from pathlib import Path

import click

from toban.design.document_file import UnreadableDocument
from toban.engine.clock import system_clock
from toban.engine.drift import looking
from toban.engine.drift.bindings import DRIFT
from toban.engine.drift.branch import CommitAuthor, committed, push, remote_of
from toban.engine.drift.found import DriftState, FoundSetting, found_settings
from toban.engine.drift.patch import DriftPatch, patch
from toban.engine.drift.setting import reckoning_of
from toban.engine.editions.document_file import FileChanged, document_text, write_document
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import confirm, refuse, say, speak_utf8
from toban.faces.values.drift.settings import (
    MARKS,
    change_words,
    setting_values,
    setting_words,
    settings_named,
)
from toban.message import Message, message_of
from toban.text import printable_json

_REFUSED, _DIFFERS, _UNKNOWN = 1, 3, 4
_AUTO = "AUTO"


@click.command("drift", epilog="Example: toban drift --apply ops-design.md:44")
@click.option("--apply", "rows", multiple=True, metavar="ROW", help="Have the row say how reality is.")
@click.option("--branch", metavar="NAME", help="Commit it on this new branch instead; AUTO names it.")
@click.option("--push", "is_pushed", is_flag=True, help="Send the branch to the remote of [drift].")
@click.option("--now", "looks_now", is_flag=True, help="Look at every setting first.")
@click.option("--patch", "is_patch", is_flag=True, help="Print nothing but the change of the document.")
@click.option(
    "--document",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file. Default: the document in force.",
)
@click.option("--yes", is_flag=True, help="Don't ask.")
@FORMAT
@click.pass_obj
def command(
    parts: Parts,
    /,
    rows: Sequence[str],
    document: Path | None,
    branch: str | None,
    form: str,
    **how: bool,
) -> None:
    """Show where reality is set otherwise than the document says, and the change of the document as a diff.

    Compared is what extensions know of both: how long logs are kept, limits, schedules, backups. With --apply
    the cells of a row are written, after asking: everything else in the file stays as it is. ROW is a row's
    id, its name, or FILE:LINE. Whether the new version needs approval is decided as for any other change.

    With --branch the change becomes a commit on a new branch, for a pull request: the file, the work tree and
    its branch stay as they are.

    \b
    Exit status:
      0  reality is as the document says, or the document was written
      1  not possible: no such row, no cell says it, the file has changed meanwhile; or not confirmed
      2  nothing runs there, or the state database can't be used
      3  something differs, and nothing was written
      4  nothing differs as far as it is known, but a setting could not be looked at
    """
    speak_utf8()
    if not rows and (branch is not None or how["is_pushed"]):
        raise click.UsageError(str(Message("drift.name-the-rows")))
    with usable_state():
        edition, now = edition_of(parts), system_clock()
        path = document or Path(edition.design.document)
        if how["looks_now"]:
            looking.look(edition, now, is_forced=True)
        found = found_settings(edition, now)
        chosen = settings_named(found, rows) if rows else found
        content, made = _proposed(path, chosen, edition)
    if rows:
        _demand_known(chosen)
        if not _is_confirmed(made, path, is_asked=not how["yes"]):
            return
        if branch is None and not how["is_pushed"]:
            _write(path, content, made)
            return
        with usable_state():
            _commit(path, content, made, edition, branch=branch, is_pushed=how["is_pushed"])
        return
    _show(found, made, path, edition, form=form, is_patch=how["is_patch"])
    _end(found)


def _end(found: Sequence[FoundSetting]) -> None:
    """End with the status of the worst."""
    states = {each.state for each in found}
    if DriftState.DIFFERENT in states:
        raise SystemExit(_DIFFERS)
    if DriftState.UNKNOWN in states:
        raise SystemExit(_UNKNOWN)


def _proposed(path: Path, chosen: Sequence[FoundSetting], edition: Edition) -> tuple[bytes, DriftPatch]:
    declared = edition.bindings.readings
    try:
        content, text = document_text(path, declared)
        return content, patch(text, chosen, reckoning_of(edition), declared)
    except UnreadableDocument as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_REFUSED) from exc


def _show(
    found: Sequence[FoundSetting],
    made: DriftPatch,
    path: Path,
    edition: Edition,
    *,
    form: str,
    is_patch: bool,
) -> None:
    diff = made.diff(path.name)
    if form == "json":
        values = {"settings": [setting_values(each) for each in found], "diff": diff}
        say(printable_json(values, indent=2))
        return
    zone = edition.bindings.system.zone
    for each in found:
        say(f"{MARKS[each.state]} {each.setting.row.origin} {setting_words(each, zone)}", err=is_patch)
        if changed := change_words(each, zone):
            say(f"  {changed}", err=is_patch)
    if not found:
        say(Message("drift.nothing-compared"), err=is_patch)
    for each in made.left:
        say(
            Message("drift.not-written", what=each.setting.value.label, row=each.setting.row.id), err=is_patch
        )
    if diff:
        say(diff.removesuffix("\n"))


def _demand_known(chosen: Sequence[FoundSetting]) -> None:
    for each in chosen:
        if each.state is DriftState.UNKNOWN:
            refuse(
                Message("drift.unknown", what=each.setting.value.label, why=each.why),
                Message("drift.look-now"),
            )
            raise SystemExit(_REFUSED)


def _is_confirmed(made: DriftPatch, path: Path, *, is_asked: bool) -> bool:
    """Show what is proposed, and ask: of all of the rows, or nothing."""
    if made.left:
        each = made.left[0]
        said = Message("drift.not-written", what=each.setting.value.label, row=each.setting.row.id)
        refuse(said, Message("drift.write-it-by-hand", stated=each.stated, real=each.real))
        raise SystemExit(_REFUSED)
    if not made.taken:
        say(Message("drift.nothing-to-write"), err=True)
        return False
    say(made.diff(path.name).removesuffix("\n"))
    if is_asked:
        confirm(Message("drift.confirm", document=path, cells=len(made.taken)), err=True)
    return True


def _write(path: Path, content: bytes, made: DriftPatch) -> None:
    try:
        write_document(path, content, made.after)
    except FileChanged as exc:
        refuse(message_of(exc), Message("drift.try-again"))
        raise SystemExit(_REFUSED) from exc
    say(Message("drift.written", document=path), err=True)


def _commit(
    path: Path, content: bytes, made: DriftPatch, edition: Edition, *, branch: str | None, is_pushed: bool
) -> None:
    bound = DRIFT.of(edition.bindings)
    if is_pushed:
        remote_of(bound)
    language, zone = edition.design.language, edition.bindings.system.zone
    said = [setting_words(each, zone).in_language(language) for each in made.taken]
    title = Message("drift.commit", document=path.name).in_language(language)
    done = committed(
        path,
        content,
        made.after,
        author=CommitAuthor.of(shell_user()),
        message="\n".join([title, "", *said, ""]),
        branch="" if branch in (None, _AUTO) else str(branch),
    )
    say(Message("drift.committed", branch=done.branch, commit=done.sha[:12]), err=True)
    if is_pushed:
        push(done, bound)
        say(Message("drift.pushed", branch=done.branch), err=True)
