"""The document and bindings in force: read anew when changed, kept when the new can't be read."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from toban.design.reader import Design, UnreadableDocument, load_design
from toban.engine.bindings.load import Kinds, UnreadableBindings, load_bindings, read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.vague import settle


@dataclass(frozen=True, slots=True)
class Edition:
    """A document and its bindings, read together."""

    design: Design
    bindings: Bindings

    @property
    def digests(self) -> tuple[str, str]:
        """What tells one edition from another."""
        return self.design.digest, self.bindings.digest


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the files as they are now are not in force."""

    file: str
    digest: str
    """SHA-256 of the contents refused, document and bindings together."""
    reason: str
    """All complaints, one per line, with their way out."""


class InForce:
    """The edition in force, for one process. Call `refresh` now and then, from one thread at a time.

    A change is taken once two looks in a row have seen the same contents: an editor that empties a file
    before it writes would otherwise put half a document in force.
    """

    def __init__(self, design: Path, bindings: Path, *, sources: Kinds, channels: Kinds) -> None:
        self._design = design
        self._bindings = bindings
        self._kinds: dict[str, Kinds] = {"sources": sources, "channels": channels}
        self._seen = ""
        self._decided = ""
        self._edition: Edition | None = None
        self._refusal: Refusal | None = None

    @property
    def edition(self) -> Edition | None:
        """What is in force; None while no version could be read yet."""
        return self._edition

    @property
    def refusal(self) -> Refusal | None:
        """Why the files' present contents are not in force; None when they are."""
        return self._refusal

    def refresh(self) -> Edition | Refusal | None:
        """Look at the files: return a new edition now in force, a new refusal, or None for no news."""
        found = self._contents()
        is_settled = found == self._seen or self._edition is None
        self._seen = found
        if found == self._decided or not is_settled:
            return None
        self._decided = found
        try:
            edition = self._read()
        except UnreadableDocument as error:
            self._refusal = Refusal(str(self._design), found, f"{error}\nHINT: {error.hint}")
            return self._refusal
        except UnreadableBindings as error:
            self._refusal = Refusal(str(self._bindings), found, str(error))
            return self._refusal
        self._refusal = None
        if self._edition is not None and self._edition.digests == edition.digests:
            return None
        self._edition = edition
        return edition

    def _contents(self) -> str:
        digest = hashlib.sha256()
        for path in (self._design, self._bindings):
            try:
                content = path.read_bytes()
            except OSError as error:
                content = f"unreadable: {error.errno}".encode()
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()

    def _read(self) -> Edition:
        design, bindings = load_design(self._design), self._read_bindings()
        return Edition(settle(design, bindings.clock_words, bindings.file), bindings)

    def _read_bindings(self) -> Bindings:
        """Read the bindings; where there never were any, nothing is bound, and the page says so of each row.

        A file that was in force and is gone is a mistake: it must not silently unbind everything.
        """
        nothing = read_bindings("", self._bindings, **self._kinds)
        was_there = self._edition is not None and self._edition.bindings.digest != nothing.digest
        if was_there or self._bindings.exists():
            return load_bindings(self._bindings, **self._kinds)
        return nothing
