"""What GitHub says about a commit, as proofs. Pure; what the API answers is read with distrust.

Fields: https://docs.github.com/rest/pulls/reviews, /rest/checks/runs, /rest/commits/statuses.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from toban.chapters.release.source import Proof, ProofKind
from toban.engine.git.line import shown
from toban.message import Message

_INSIDERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""On a public repository anybody may approve; only the word of these counts."""
_APPROVED, _CHANGES = "APPROVED", "CHANGES_REQUESTED"
_SAYS_NOTHING = frozenset({"COMMENTED", "PENDING"})
_GOOD = frozenset({"success", "neutral", "skipped"})
_NO_REPLY = re.compile(r"(?:\d+\+)?([A-Za-z0-9-]+)@users\.noreply\.github\.com")
_LISTED = 5

type Json = Mapping[str, Any]


def merged_pull(
    pulls: Iterable[Json], commit: str, repository: str, is_bound: Callable[[str], bool]
) -> Json | None:
    """Return the pull request whose merge made *commit* on a branch that counts."""
    for pull in pulls:
        base = pull.get("base") or {}
        if (
            pull.get("merged_at")
            and pull.get("merge_commit_sha") == commit
            and _name(base.get("repo")).lower() == repository.lower()
            and is_bound(str(base.get("ref", "")))
        ):
            return pull
    return None


def review(pull: Json, reviews: Iterable[Json], commits: Iterable[Json]) -> Proof:
    """Return the proof that somebody has approved the head of *pull* and wrote none of its *commits*."""
    authors = {_login(pull.get("user")), *_authors(commits)} - {""}
    head = str((pull.get("head") or {}).get("sha", ""))
    newest = _newest_by_reviewer(reviews)
    number, url = pull.get("number"), str(pull.get("html_url", ""))
    against = [who for who, each in newest.items() if each.get("state") == _CHANGES]
    if against:
        said = Message("release-github.changes-requested", number=number, people=_named(against))
        return Proof(ProofKind.REVIEW, False, said, url=url)
    approved = {who: each for who, each in newest.items() if each.get("state") == _APPROVED}
    given = {
        who: each for who, each in approved.items() if who not in authors and each.get("commit_id") == head
    }
    if given:
        found = next(iter(given.values()))
        said = Message("release-github.approved-by", number=number, people=_named(given))
        return Proof(
            ProofKind.REVIEW, True, said, moment(found.get("submitted_at")), str(found.get("html_url") or url)
        )
    if any(who not in authors for who in approved):
        said = Message("release-github.approved-before-the-end", number=number, people=_named(approved))
    elif approved:
        said = Message("release-github.own-approval", number=number, people=_named(approved))
    else:
        said = Message("release-github.not-approved", number=number)
    return Proof(ProofKind.REVIEW, False, said, url=url)


def without_pull() -> Proof:
    """Return the proof that no pull request was merged as exactly this commit: nobody has approved it."""
    return Proof(ProofKind.REVIEW, False, Message("release-github.no-pull-request"))


def checks(
    runs: Iterable[Json], statuses: Iterable[Json], counts: Callable[[str], bool], required: Sequence[str]
) -> Proof:
    """Return the proof that all check runs and statuses of a commit are green, and that there are some."""
    found = dict(_outcomes(runs, statuses))
    found = {name: outcome for name, outcome in found.items() if counts(name)}
    bad = [name for name, is_good in found.items() if is_good is False]
    waiting = [name for name, is_good in found.items() if is_good is None]
    missing = [name for name in required if name not in found]
    if bad:
        return Proof(ProofKind.CHECKS, False, Message("release-github.checks-failed", names=_named(bad)))
    if waiting:
        return Proof(ProofKind.CHECKS, False, Message("release-github.checks-run", names=_named(waiting)))
    if missing:
        return Proof(ProofKind.CHECKS, False, Message("release-github.checks-missing", names=_named(missing)))
    if not found:
        return Proof(ProofKind.CHECKS, False, Message("release-github.no-checks"))
    return Proof(ProofKind.CHECKS, True, Message("release-github.checks-passed", names=_named(found)))


def _outcomes(runs: Iterable[Json], statuses: Iterable[Json]) -> Iterator[tuple[str, bool | None]]:
    """Yield the name of each check, and whether it is good; None while it runs.

    Of several of one name, a bad one counts most, and one that runs counts more than a good one.
    """
    every: dict[str, list[bool | None]] = {}
    for run in runs:
        is_over = run.get("status") == "completed"
        every.setdefault(str(run.get("name", "")), []).append(
            run.get("conclusion") in _GOOD if is_over else None
        )
    for status in statuses:
        state = status.get("state")
        every.setdefault(str(status.get("context", "")), []).append(
            None if state == "pending" else state == "success"
        )
    for name, outcomes in every.items():
        yield name, False if False in outcomes else None if None in outcomes else True


def _newest_by_reviewer(reviews: Iterable[Json]) -> Mapping[str, Json]:
    """Return the last word of each person who may have one."""
    found: dict[str, Json] = {}
    for each in sorted(reviews, key=lambda each: str(each.get("submitted_at") or "")):
        user = each.get("user") or {}
        who = _login(user)
        says = who and user.get("type") == "User" and each.get("author_association") in _INSIDERS
        if says and each.get("state") not in _SAYS_NOTHING:
            found[who] = each
    return found


def _authors(commits: Iterable[Json]) -> Iterator[str]:
    for each in commits:
        yield _login(each.get("author"))
        inner = each.get("commit") or {}
        written = f"{(inner.get('author') or {}).get('email', '')}\n{inner.get('message', '')}"
        # The people that a commit names beside its author.
        yield from (found[1].lower() for found in _NO_REPLY.finditer(written))


def moment(written: object) -> datetime | None:
    """Return a time of the API; None if it is none."""
    try:
        return datetime.fromisoformat(str(written)) if written else None
    except ValueError:
        return None


def _login(user: object) -> str:
    return str(user.get("login") or "").lower() if isinstance(user, Mapping) else ""


def _name(repository: object) -> str:
    return str(repository.get("full_name") or "") if isinstance(repository, Mapping) else ""


def _named(names: Iterable[str]) -> tuple[str, ...]:
    listed = [shown(each) for each in names]
    return (*listed[:_LISTED], "…") if len(listed) > _LISTED else tuple(listed)
