"""The document and bindings in force: re-read when changed, kept when the new version can't be read."""

import hashlib
import io
import os
from pathlib import Path
from typing import Protocol

import structlog

from toban.design.document_file import UnreadableDocument
from toban.design.reader import Design, load_design, read_design
from toban.engine.assumptions.vague import settle
from toban.engine.bindings.load import UnreadableBindings, load_bindings, read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.table import Schema
from toban.engine.editions.edition import Edition, EditionFiles, EditionRefusal, Hold, Sources
from toban.engine.editions.gate.exposure import others_who_write
from toban.engine.registry.kinds import Kinds
from toban.message import NOTHING, Message, message_of

log = structlog.get_logger(__name__)

_KEPT_DESIGN, _KEPT_BINDINGS = "design.md", "toban.toml"
_KEPT_FOLDER = "folder"
"""Holds the folder of the original bindings: a process that reads the copies may run in another folder."""
_KEPT_CAUSE = "files"
"""Holds the digest of this home's own files that came into force last: if they have not changed since, and
something else is in force now, another node has put it there."""
_MISSING = b"\0missing"
"""Stands for a missing file, as opposed to an empty one."""


class Review(Protocol):
    """Decides which editions wait for people before they come into force."""

    def is_confirmed(self, edition: Edition, /) -> bool:
        """Return whether a person has confirmed *edition*, or it already is the one in force elsewhere."""

    def hold(self, former: Edition | None, edition: Edition, files: EditionFiles, /) -> Hold | None:
        """Return why *edition*, read from *files*, must wait if it replaces *former*; None if it need not."""


class Shared(Protocol):
    """Where all nodes find the edition in force."""

    def digests(self) -> tuple[str, str] | None:
        """Return the digests of the edition in force; None if no node has put one there."""

    @property
    def is_put_back(self) -> bool:
        """Whether what was there last is older than what this node has seen; it counts for none."""

    def sources(self) -> Sources | None:
        """Return the contents of its files."""

    def was_in_force(self, digests: tuple[str, str], /) -> bool:
        """Return whether the edition with *digests* once was in force, and no longer is."""


class EditionInForce:
    """The edition in force, for one process. Call `refresh` regularly, from one thread at a time.

    A change takes effect once two refreshes in a row have seen the same contents: an editor that empties a
    file before it writes would otherwise put half a document in force.

    `keep` copies the edition in force into the folder *kept*, if given: a process that starts while the files
    can't be read, or wait for confirmation, continues with that version.

    What *shared* has in force, every node has, whatever its own files say. Files that change on a node are a
    new version for all; files that only were left behind by a change elsewhere are not. A process that does
    not *propose* leaves it to others to put its files in force.
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
        shared: Shared | None = None,
        proposes: bool = True,
    ) -> None:
        self._design = design
        self._bindings = bindings
        self._kept = kept
        self._schema = schema
        self._kinds = kinds or Kinds()
        self._review = review
        self._shared = shared
        self._proposes = proposes
        self._followed: tuple[str, str] | None = None
        """The digests that *shared* showed last."""
        self._here: tuple[str, str] | None = None
        """The digests of the edition in this node's own files."""
        self._left: EditionRefusal | None = None
        self._seen = ""
        self._decided = ""
        self._edition: Edition | None = None
        self._refusal: EditionRefusal | None = None
        self._unkept: tuple[Sources, str] | None = None
        self._sources: Sources | None = None
        self._is_from_elsewhere = False
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

    @property
    def sources(self) -> Sources | None:
        """The contents that the edition in force was read from; None if they changed while they were read."""
        return self._sources

    @property
    def followed(self) -> tuple[str, str] | None:
        """The digests that all nodes had in force at the last look."""
        return self._followed

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether another node has put the edition in force there: it has recorded that, too."""
        return self._is_from_elsewhere

    @property
    def is_left_behind(self) -> bool:
        """Whether this node's files are readable, and another node has put another edition in force."""
        edition, here = self._edition, self._here
        return self._shared is not None and edition is not None and here not in (None, edition.digests)

    @property
    def left(self) -> EditionRefusal | None:
        """What stands in this node's files and is left to others to propose; why it waits, they say.

        It may wait for people, or be a former version.
        """
        return self._left

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
        followed = self._follow()
        if found == self._decided:
            return self._confirmed(contents) or followed
        if not is_settled:
            return followed
        news = self._decision(contents, found)
        # Only now: if the review can't reach the state database, the next call decides.
        self._decided = found
        return news or followed

    def keep(self) -> None:
        """Copy the files of the edition in force, each whole or not at all, unless that has been done."""
        unkept, self._unkept = self._unkept, None
        if self._kept is None or unkept is None:
            return
        contents, cause = unkept
        try:
            self._kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = os.fsencode(self._bindings.absolute().parent)
            parts = dict(zip((_KEPT_DESIGN, _KEPT_BINDINGS), contents, strict=True)) | {_KEPT_FOLDER: folder}
            for name, content in (parts | ({_KEPT_CAUSE: cause.encode()} if cause else {})).items():
                copy = self._kept / f"{name}.new"
                copy.touch(mode=0o600)
                copy.write_bytes(content)
                copy.replace(self._kept / name)
        except OSError as error:
            # The edition is in force anyway; only a restart would need the copy.
            log.warning("edition_not_kept", folder=str(self._kept), reason=str(error))

    def last_kept(self) -> Edition | None:
        """Return the edition read from the copies, or None if there are none. It cites the original paths."""
        if self._kept is None or not (self._kept / _KEPT_BINDINGS).exists():
            return None
        copies = (self._kept / _KEPT_DESIGN).read_bytes(), (self._kept / _KEPT_BINDINGS).read_bytes()
        # None if copied by a version of Toban that accepted more than this one.
        return self._read_from(copies, self._kept_folder(self._kept))

    def _read_from(self, sources: Sources, folder: Path | None = None) -> Edition | None:
        try:
            design, bindings = sources[0].decode("utf-8-sig"), _text(sources[1])
            bound = read_bindings(bindings, self._bindings, self._schema, folder=folder)
            return self._edition_of(read_design(design, str(self._design), bound.readings), bound)
        except (UnreadableDocument, UnreadableBindings, UnicodeDecodeError):
            return None

    def _follow(self) -> Edition | None:
        """Adopt what has newly come into force for all nodes, if it is not in force here."""
        digests = self._shared.digests() if self._shared is not None else None
        if self._shared is not None and self._shared.is_put_back and self._edition is None:
            return self._stay()
        # Only news: what came into force here and is not recorded yet is not undone.
        if self._shared is None or digests is None or digests == self._followed:
            return None
        sources = None
        if self._edition is None or self._edition.digests != digests:
            sources = self._shared.sources()
        edition = self._read_from(sources) if sources is not None else None
        self._followed = digests
        if sources is not None and edition is None:
            # Written by a newer version of Toban, which understands more.
            log.error("edition_not_understood", digest=digests[0])
        if sources is None or edition is None or edition.digests != digests:
            # It is in force here already, or another one just replaced it.
            return None
        self._edition, self._sources, self._writers = edition, sources, NOTHING
        self._is_from_elsewhere = True
        self._unkept = sources, ""
        return edition

    def _stay(self) -> Edition | None:
        """Go on with the version that this node had last: somebody has put an older one back for all."""
        self._edition = self.last_kept()
        if self._edition is not None:
            self._followed, self._is_from_elsewhere = self._edition.digests, True
        return self._edition

    def _is_no_proposal(self, edition: Edition, found: str) -> bool:
        """Return whether *edition*, in this node's files, is not to replace the one that all nodes have."""
        followed = self._followed
        if self._shared is None or followed == edition.digests:
            return False
        if followed is None:
            # A new node: what is in force is in the evidence alone, and it is not what these files say.
            return self._shared.is_put_back and self._shared.was_in_force(edition.digests)
        if not self._proposes:
            return True
        if self._decided:
            # They have been changed while this process looked.
            return False
        if self._kept_cause() == found:
            return True
        kept = self.last_kept()
        is_up_to_date = kept is not None and kept.digests == followed
        return not is_up_to_date and self._shared.was_in_force(edition.digests)

    def _kept_cause(self) -> str:
        path = self._kept / _KEPT_CAUSE if self._kept is not None else None
        return path.read_text(encoding="utf-8") if path is not None and path.exists() else ""

    def _kept_folder(self, kept: Path) -> Path | None:
        """Return the folder that the copied bindings' relative paths start from; None if not recorded."""
        try:
            return Path(os.fsdecode((kept / _KEPT_FOLDER).read_bytes()))
        except FileNotFoundError:
            # Copied by a version of Toban that did not record it.
            return None

    def _decision(self, contents: tuple[bytes, bytes], digest: str) -> Edition | EditionRefusal | None:
        self._left = None
        try:
            edition = self._read()
        except UnreadableDocument as error:
            reason = Message("engine.with-hint", said=message_of(error), hint=error.hint)
            return self._refuse(EditionRefusal(str(self._design), digest, reason))
        except UnreadableBindings as error:
            return self._refuse(EditionRefusal(str(self._bindings), digest, message_of(error)))
        self._here = edition.digests
        if self._is_no_proposal(edition, digest):
            self._refusal = None
            self._left = EditionRefusal(str(self._design), digest, NOTHING, edition)
            return None
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

    def _adopt(self, edition: Edition, contents: Sources) -> Edition | None:
        # Whether the evidence may say otherwise: of a version that waited when this process began, too.
        was_refused = self._refusal is not None or (self._is_from_elsewhere and not self._decided)
        is_same = self._edition is not None and self._edition.digests == edition.digests
        self._refusal, self._is_from_elsewhere = None, False
        # Files that have changed again while they were read are not kept.
        self._sources = self._unkept = None
        if self._contents() == contents:
            self._sources = _without_markers(contents)
            self._unkept = self._sources, _digest(contents) if self._shared is not None else ""
        if is_same:
            return self._edition if was_refused else None
        self._edition, self._writers = edition, NOTHING
        return edition

    def _refuse(self, refusal: EditionRefusal, former: Edition | None = None) -> EditionRefusal:
        self._refusal = refusal
        if self._edition is None:
            self._edition = former or self.last_kept()
        return refusal

    def _contents(self) -> tuple[bytes, bytes]:
        return _content(self._design), _content(self._bindings)

    def _read(self) -> Edition:
        bindings = self._read_bindings()
        return self._edition_of(load_design(self._design, bindings.readings), bindings)

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


def _text(content: bytes) -> str:
    """Return *content* as `Path.read_text` does, which reads the bindings."""
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8").read()


def _without_markers(contents: Sources) -> Sources:
    """Return *contents* with nothing where a file is missing."""
    design, bindings = (b"" if each == _MISSING else each for each in contents)
    return design, bindings


def _digest(contents: tuple[bytes, bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in contents)).hexdigest()
