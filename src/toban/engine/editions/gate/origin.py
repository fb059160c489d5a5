"""Where a version comes from: a remote repository, the people in its commits, a signature that covers it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from toban.engine.approvals.identity import addresses_of, mailbox
from toban.engine.editions.edition import Edition, EditionFiles
from toban.engine.editions.gate.exposure import others_who_write, way_to
from toban.engine.editions.gate.repository import Commit, Repository, repository_of
from toban.message import NOTHING, Message

_MOST_COMMITS = 30


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """The commit from which both files were checked out."""

    repository: Repository
    head: str


def from_elsewhere(files: EditionFiles) -> Message:
    """Return where others can send commits to, if one of *files* comes from a repository."""
    for file in (files.design, files.bindings):
        # A link that was checked out decides which file is read, wherever that one is.
        links = [place for place, is_link in way_to(file) if is_link]
        for each in (file.resolve(), *links):
            if said := _sent_from(each):
                return said
    return NOTHING


def _sent_from(file: Path) -> Message:
    """Return where others can send commits to that hold *file*, or the link that it is."""
    found = repository_of(file)
    if found is None:
        return NOTHING
    if said := others_who_write((found.folder / "HEAD", found.common / "objects")):
        return said
    head = found.head()
    is_sent = found.has_remote() and (not head or found.content(head, file) is not None)
    return Message("editions.comes-from-remote", place=found.root) if is_sent else NOTHING


def checked_out(edition: Edition, files: EditionFiles) -> CheckedOut | None:
    """Return the commit that holds exactly *edition*, or None: the files were changed, or are in none."""
    files = _followed(files)
    found = repository_of(files.design)
    if found is None or (files.bindings.exists() and repository_of(files.bindings) != found):
        return None
    head = found.head()
    if not head or _digests(found, head, files) != edition.digests:
        return None
    return CheckedOut(found, head)


@dataclass(frozen=True, slots=True)
class Writers:
    """Who had a part in the commits since the version in force."""

    emails: tuple[str, ...] = ()
    """Whoever made them does not approve them."""
    unknown: Message = NOTHING
    """Why somebody else may have had one, or why it is not known who made them; `NOTHING` if neither."""


def writers(edition: Edition, files: EditionFiles, former: Edition) -> Writers:
    """Return who wrote *edition* instead of *former*, as far as commits say so."""
    at = checked_out(edition, files)
    if at is None:
        return Writers(unknown=Message("editions.in-no-commit"))
    emails, is_whole = _since(former, at, _followed(files))
    known = addresses_of(former.bindings.people.values())
    strangers = sorted(each for each in emails if mailbox(each) not in known)
    if strangers:
        unknown = Message("editions.written-by-strangers", emails=[each or "?" for each in strangers])
    else:
        unknown = NOTHING if is_whole else Message("editions.others-unknown")
    return Writers(tuple(sorted(emails - {""})), unknown)


def _since(former: Edition, at: CheckedOut, files: EditionFiles) -> tuple[set[str], bool]:
    """Return who had a part in the commits since *former*, and whether all of them could be looked at."""
    found: set[str] = set()
    places = [each for each in (files.design, files.bindings) if each.exists()]
    history = at.repository.history(at.head, places, _MOST_COMMITS)
    for sha in dict.fromkeys((at.head, *(history or ()))):
        if _digests(at.repository, sha, files) == former.digests:
            return found, True
        commit = at.repository.commit(sha)
        found |= commit.emails if commit is not None else {""}
    # A shallow copy has no history, and a long one is looked at only so far back.
    return found, history is not None and len(history) < _MOST_COMMITS


def signed(at: CheckedOut, keys: Sequence[str]) -> tuple[Commit, str] | None:
    """Return the commit and who signed it, if its signature is valid and by one of *keys*."""
    commit = at.repository.commit(at.head)
    signer = at.repository.signer(at.head, keys) if keys else ""
    return (commit, signer) if commit is not None and signer else None


def _followed(files: EditionFiles) -> EditionFiles:
    return replace(files, design=files.design.resolve(), bindings=files.bindings.resolve())


def _digests(repository: Repository, sha: str, files: EditionFiles) -> tuple[str, str]:
    design = repository.content(sha, files.design) or b""
    bindings = repository.content(sha, files.bindings) if files.bindings.exists() else b""
    try:
        texts = design.decode("utf-8-sig"), (bindings or b"").decode("utf-8")
    except UnicodeDecodeError:
        return "", ""
    # As each of the two is read.
    document, bound = texts[0], texts[1].replace("\r\n", "\n").replace("\r", "\n")
    return _sha256(document), _sha256(bound)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
