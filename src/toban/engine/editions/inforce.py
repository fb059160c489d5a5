"""The document and bindings in force: re-read when changed, kept when the new version can't be read."""

import hashlib
import os
from pathlib import Path
from typing import Protocol

import structlog

from toban.design.reader import Design, UnreadableDocument, load_design, read_design
from toban.engine.assumptions.vague import settle
from toban.engine.bindings.load import UnreadableBindings, load_bindings, read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.table import Schema
from toban.engine.editions.edition import Edition, EditionFiles, EditionRefusal, Hold
from toban.engine.editions.gate.exposure import others_who_write
from toban.engine.registry.kinds import Kinds
from toban.message import NOTHING, Message, message_of

log = structlog.get_logger(__name__)

_KEPT_DESIGN, _KEPT_BINDINGS = "design.md", "toban.toml"
_KEPT_FOLDER = "folder"
"""Holds the folder of the original bindings: a process that reads the copies may run in another folder."""
_MISSING = b"\0missing"
"""Stands for a missing file, as opposed to an empty one."""


class Review(Protocol):
    """Decides which editions wait for people before they come into force."""

    def is_confirmed(self, edition: Edition, /) -> bool:
        """Return whether a person has confirmed *edition*, or it already is the one in force elsewhere."""

    def hold(self, former: Edition | None, edition: Edition, files: EditionFiles, /) -> Hold | None:
        """Return why *edition*, read from *files*, must wait if it replaces *former*; None if it need not."""


class EditionInForce:
    """The edition in force, for one process. Call `refresh` regularly, from one thread at a time.

    A change takes effect once two refreshes in a row have seen the same contents: an editor that empties a
    file before it writes would otherwise put half a document in force.

    `keep` copies the edition in force into the folder *kept*, if given: a process that starts while the files
    can't be read, or wait for confirmation, continues with that version.
    """

    def __init__(
        self,
        design: Path,
        bindings: Path,
        schema: Schema,
        *,
        kinds: Kinds | None = None,
        kept: Path | None = None,
        review: Review | None = None,
    ) -> None:
        self._design = design
        self._bindings = bindings
        self._kept = kept
        self._schema = schema
        self._kinds = kinds or Kinds()
        self._review = review
        self._seen = ""
        self._decided = ""
        self._edition: Edition | None = None
        self._refusal: EditionRefusal | None = None
        self._unkept: tuple[bytes, bytes] | None = None
        self._writers = NOTHING
        """How others could write the files, at any look since the edition in force came into force."""

    @property
    def edition(self) -> Edition | None:
        """The edition in force; None while no version could be read yet."""
        return self._edition

    @property
    def refusal(self) -> EditionRefusal | None:
        """Why the files' current contents are not in force; None when they are."""
        return self._refusal

    def refresh(self) -> Edition | EditionRefusal | None:
        """Check the files: return the edition now in force, a new refusal, or None if nothing changed.

        The former edition is returned again if the files are back at it after a refusal.
        """
        if self._review is not None:
            # At every look: permissions that are loosened, used and tightened again are seen.
            self._writers = others_who_write((self._design, self._bindings)) or self._writers
        contents = self._contents()
        found = _digest(contents)
        is_settled = found == self._seen or self._edition is None
        self._seen = found
        if found == self._decided:
            return self._confirmed(contents)
        if not is_settled:
            return None
        news = self._decision(contents, found)
        # Only now: if the review can't reach the state database, the next call decides.
        self._decided = found
        return news

    def keep(self) -> None:
        """Copy the files of the edition in force, each whole or not at all, unless that has been done."""
        contents, self._unkept = self._unkept, None
        if self._kept is None or contents is None:
            return
        try:
            self._kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = os.fsencode(self._bindings.absolute().parent)
            names = (_KEPT_DESIGN, _KEPT_BINDINGS, _KEPT_FOLDER)
            for content, name in zip((*contents, folder), names, strict=True):
                copy = self._kept / f"{name}.new"
                copy.touch(mode=0o600)
                copy.write_bytes(b"" if content == _MISSING else content)
                copy.replace(self._kept / name)
        except OSError as error:
            # The edition is in force anyway; only a restart would need the copy.
            log.warning("edition_not_kept", folder=str(self._kept), reason=str(error))

    def last_kept(self) -> Edition | None:
        """Return the edition read from the copies, or None if there are none. It cites the original paths."""
        if self._kept is None or not (self._kept / _KEPT_BINDINGS).exists():
            return None
        design = (self._kept / _KEPT_DESIGN).read_text(encoding="utf-8-sig")
        bindings = (self._kept / _KEPT_BINDINGS).read_text(encoding="utf-8")
        try:
            return self._edition_of(
                read_design(design, str(self._design)),
                read_bindings(bindings, self._bindings, self._schema, folder=self._kept_folder(self._kept)),
            )
        except (UnreadableDocument, UnreadableBindings):
            # Copied by a version of Toban that accepted more than this one.
            return None

    def _kept_folder(self, kept: Path) -> Path | None:
        """Return the folder that the copied bindings' relative paths start from; None if not recorded."""
        try:
            return Path(os.fsdecode((kept / _KEPT_FOLDER).read_bytes()))
        except FileNotFoundError:
            # Copied by a version of Toban that did not record it.
            return None

    def _decision(self, contents: tuple[bytes, bytes], digest: str) -> Edition | EditionRefusal | None:
        try:
            edition = self._read()
        except UnreadableDocument as error:
            reason = Message("engine.with-hint", said=message_of(error), hint=error.hint)
            return self._refuse(EditionRefusal(str(self._design), digest, reason))
        except UnreadableBindings as error:
            return self._refuse(EditionRefusal(str(self._bindings), digest, message_of(error)))
        former = self._edition or self.last_kept()
        hold = self._hold(former, edition)
        if hold is not None:
            name = str(self._design)
            return self._refuse(EditionRefusal(name, digest, hold.reason, edition, hold.approval), former)
        return self._adopt(edition, contents)

    def _hold(self, former: Edition | None, edition: Edition) -> Hold | None:
        is_same = former is not None and former.digests == edition.digests
        if self._review is None or is_same or self._review.is_confirmed(edition):
            return None
        files = EditionFiles(self._design, self._bindings, self._writers)
        return self._review.hold(former, edition, files)

    def _confirmed(self, contents: tuple[bytes, bytes]) -> Edition | None:
        """Return the edition that waited, if it has been confirmed meanwhile."""
        waiting = self._refusal.awaits if self._refusal is not None else None
        if waiting is None or self._review is None or not self._review.is_confirmed(waiting):
            return None
        return self._adopt(waiting, contents)

    def _adopt(self, edition: Edition, contents: tuple[bytes, bytes]) -> Edition | None:
        was_refused, self._refusal = self._refusal is not None, None
        if self._edition is not None and self._edition.digests == edition.digests:
            return self._edition if was_refused else None
        self._edition, self._writers = edition, NOTHING
        # Files that have changed again while they were read are not kept.
        self._unkept = contents if self._contents() == contents else None
        return edition

    def _refuse(self, refusal: EditionRefusal, former: Edition | None = None) -> EditionRefusal:
        self._refusal = refusal
        if self._edition is None:
            self._edition = former or self.last_kept()
        return refusal

    def _contents(self) -> tuple[bytes, bytes]:
        return _content(self._design), _content(self._bindings)

    def _read(self) -> Edition:
        return self._edition_of(load_design(self._design), self._read_bindings())

    def _edition_of(self, design: Design, bindings: Bindings) -> Edition:
        return Edition(settle(design, bindings), bindings, self._kinds)

    def _read_bindings(self) -> Bindings:
        """Read the bindings. If there never was a file, nothing is bound, and the page says so for each row.

        It is an error if a file that was in force is gone: it must not silently unbind everything.
        """
        nothing = read_bindings("", self._bindings, self._schema)
        was_there = self._edition is not None and self._edition.bindings.digest != nothing.digest
        if was_there or self._bindings.exists():
            return load_bindings(self._bindings, self._schema)
        return nothing


def _content(path: Path) -> bytes:
    """Return the file's bytes; if it can't be read, a marker that no document equals."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return _MISSING
    except OSError as error:
        return f"unreadable: {error.errno}".encode()


def _digest(contents: tuple[bytes, bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in contents)).hexdigest()
