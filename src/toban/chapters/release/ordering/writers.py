"""Who wrote what a release brings: those who may not approve it, and those whom nobody knows."""

from collections.abc import Iterable, Iterator, Sequence
from email.utils import parseaddr

from toban.chapters.release.deployments import ReleaseChapterPlan
from toban.chapters.release.source import Commit
from toban.engine.approvals.identity import accounts_with_addresses, addresses_of, mailbox
from toban.engine.git.forge import is_forge
from toban.engine.people.models import Operator
from toban.message import Message, plain
from toban.text import printable

_NAMED = 10
_LONGEST = 100


def authors_of(commits: Iterable[Commit], plan: ReleaseChapterPlan) -> tuple[int, ...]:
    """Return the accounts of those who had a part in *commits*: none of them approves their release."""
    addresses = {_address(named) for each in commits for named in each.writers}
    return accounts_with_addresses(plan.people, filter(None, addresses))


def facts_about(commits: Iterable[Commit], plan: ReleaseChapterPlan) -> Iterator[tuple[Message, Message]]:
    """Yield what whoever approves is shown of the writers of *commits*: those who may be anybody.

    They take no second approval, as they do for the document: see docs/adr/0028.
    """
    if unknown := _unknown(commits, plan):
        named = [plain(printable(each)[:_LONGEST]) for each in unknown[:_NAMED]]
        if len(unknown) > _NAMED:
            named.append(Message("release.more-writers", count=len(unknown) - _NAMED))
        yield Message("release.fact-writers"), Message("release.writers-unknown", writers=tuple(named))


def _unknown(commits: Iterable[Commit], plan: ReleaseChapterPlan) -> Sequence[str]:
    """Return the writers whose address is neither an account's nor that of somebody in `[people]`."""
    of_accounts = Operator.objects.exclude(email="").values_list("email", flat=True)
    known = addresses_of(plan.people) | set(map(mailbox, of_accounts))
    writers = dict.fromkeys(named for each in commits for named in _people(each))
    return [named for named in writers if mailbox(_address(named)) not in known]


def _people(commit: Commit) -> Iterator[str]:
    """Yield the writers of *commit*, without a forge that has only merged it."""
    for named in commit.writers:
        if named in (commit.author, *commit.co_authors) or not is_forge(_address(named)):
            yield named


def _address(named: str) -> str:
    return parseaddr(named)[1]
