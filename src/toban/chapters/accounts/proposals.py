"""What `toban init` proposes for rows about accounts: a host to begin with. Pure."""

from collections.abc import Iterator

from toban.chapters.accounts.collector import ACCOUNT_KINDS
from toban.design.clauses.security import AccessReview, AccountRemoval, MfaRule, PasswordPolicy
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds
from toban.message import Message

_KIND = "host"


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield a system with accounts, if a row of *design* is about them."""
    kinds_of_rows = (AccessReview, AccountRemoval, MfaRule, PasswordPolicy)
    rows = [row for row in design.clauses if isinstance(row, kinds_of_rows)]
    found = kinds.of(ACCOUNT_KINDS)
    if rows and _KIND in found:
        said = [Message("accounts.bind-each")]
        yield OpenTable("accounts", _KIND, rows, [BindingProposal(_KIND, found[_KIND].config)], said)
