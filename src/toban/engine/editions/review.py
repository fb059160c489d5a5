"""The review of new versions: by the evidence, by the rows that would stop, and by what would newly run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from toban.engine.clock import Clock
from toban.engine.editions import records
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.change import RowsOf, change_of, listed
from toban.engine.editions.edition import ApprovalNeed, Edition, EditionFiles, Hold
from toban.engine.editions.gate import origin
from toban.engine.editions.gate.bindings import DOCUMENT
from toban.engine.editions.gate.powers import Powers, changes, digest_of, powers_of
from toban.engine.editions.gate.rules import is_new, terms_of, why_guarded
from toban.message import NOTHING, Message, from_json, lines

_POWERS, _APPROVAL = "powers", "approval"

type Works = Mapping[str, Sequence[str]]
"""The works that Toban itself runs in an edition, by key, each with its `Work.conditions`."""
type RunningWorks = Callable[[Edition], Works]
"""Returns the works of an edition."""


@dataclass(frozen=True, slots=True)
class RecordedReview:
    """See `Review`."""

    rows_of: RowsOf
    works_of: RunningWorks
    clock: Clock

    def is_confirmed(self, edition: Edition) -> bool:
        """Return whether people let exactly *edition* in, or it already is in force."""
        found = records.accepted(self.clock())
        return found is not None and records.names(found) == edition.digests

    def hold(self, former: Edition | None, edition: Edition, files: EditionFiles) -> Hold | None:
        """Return the rows of *former* that would stop, and what would newly run, if anything.

        Without a *former* one (a process on another machine, or the copies are lost), an edition that
        waits elsewhere waits here, too.
        """
        if former is None:
            return self._held_elsewhere(edition, files)
        why_confirm = change_of(former, edition, self.rows_of).why_confirm
        works = self.works_of(former), self.works_of(edition)
        need = need_between(former, edition, files, works=works)
        if need is None or self._is_signed(former, edition, files):
            return Hold(why_confirm) if why_confirm else None
        return Hold(lines(_why_approve(need), why_confirm), need)

    def gate_of(self, edition: Edition) -> Mapping[str, object]:
        """Return what must be known of *edition* to review the next one without a copy of it."""
        setting = DOCUMENT.of(edition.bindings)
        return {_POWERS: digest_of(self._powers(edition)), _APPROVAL: setting.approval}

    def _powers(self, edition: Edition) -> Powers:
        return powers_of(edition, self.works_of(edition))

    def _is_signed(self, former: Edition, edition: Edition, files: EditionFiles) -> bool:
        keys, at = DOCUMENT.of(former.bindings).signers, origin.checked_out(edition, files)
        signed = origin.signed(at, keys) if at is not None else None
        now, in_force = self.clock(), records.in_force()
        if signed is None or in_force is None:
            return False
        commit, signer = signed
        if not is_new(commit.committed_at, in_force.at, now):
            return False
        records.record_signature(edition, signer, commit.sha, now)
        return True

    def _held_elsewhere(self, edition: Edition, files: EditionFiles) -> Hold | None:
        waits, in_force = records.waiting(), records.in_force()
        if waits is not None and records.names(waits) == edition.digests:
            return Hold(from_json(waits.content["reason"]), records.need_of(waits))
        known = records.gate_in(in_force) if in_force is not None else {}
        if not known or known[_POWERS] == digest_of(self._powers(edition)):
            return None
        why = _why_guarded(cast("bool | None", known[_APPROVAL]), files)
        if not why:
            return None
        setting = DOCUMENT.of(edition.bindings)
        differs = Message("editions.differs-from-unknown")
        unknown = Message("editions.compared-with-nothing")
        terms = terms_of(setting, managing_role(edition.design), unknown=unknown)
        need = ApprovalNeed(why, (differs,), terms, unknown=unknown)
        return Hold(_why_approve(need), need)


def need_between(
    former: Edition,
    edition: Edition,
    files: EditionFiles,
    *,
    works: tuple[Works, Works],
) -> ApprovalNeed | None:
    """Return what approval *edition* needs to replace *former*, or None; *works* run in each of the two."""
    found = changes(powers_of(former, works[0]), powers_of(edition, works[1]))
    setting = DOCUMENT.of(former.bindings)
    why = _why_guarded(setting.approval, files) if found else NOTHING
    if not why:
        return None
    by = origin.writers(edition, files, former)
    return ApprovalNeed(
        why=why,
        changes=tuple(each.said for each in found),
        terms=terms_of(setting, managing_role(former.design), unknown=by.unknown),
        emails=by.emails,
        unknown=by.unknown,
    )


def _why_guarded(setting: bool | None, files: EditionFiles) -> Message:
    # Asking Git takes a while, and is for nothing where the setting decides.
    is_open = setting is None
    return why_guarded(setting, files.writers or (origin.from_elsewhere(files) if is_open else NOTHING))


def _why_approve(need: ApprovalNeed) -> Message:
    waits = Message(
        "editions.waits-for-approval",
        role=need.terms.role,
        why=need.why,
        count=len(need.changes),
        changes=listed(need.changes),
    )
    return lines(waits, need.unknown)
