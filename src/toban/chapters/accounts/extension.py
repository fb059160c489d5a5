"""The extension of accounts in chapter 8: who has access to which system, and whose access ends."""

from toban.chapters.accounts.acts import ACTS
from toban.chapters.accounts.bindings import ACCESS
from toban.chapters.accounts.collector import ACCOUNT_KINDS, ACCOUNTS
from toban.chapters.accounts.proposals import open_tables
from toban.design.acts import is_access_watch
from toban.design.clauses.base import Clause
from toban.design.clauses.security import AccountRemoval, AuditReview, MfaRule, PasswordPolicy
from toban.engine.extension import Extension, Link, RowKind, Scope, always
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.rows.sign_ins import SIGN_IN_RULES
from toban.engine.tasks.facts import TASK_FACTS
from toban.message import Message

_COLLECTORS = "toban.chapters.accounts.collectors"


def _page(_row: Clause) -> Link:
    return Link("accounts", Message("accounts.page"))


def _suspicions(row: AuditReview) -> Link | None:
    return Link("suspicions", Message("accounts.suspicions-page")) if is_access_watch(row) else None


EXTENSION = Extension(
    name="accounts",
    manual="accounts.md",
    rows=(
        RowKind(AccountRemoval, is_measured=True, link=_page, raises_alerts=always),
        RowKind(AuditReview, is_measured=True, link=_suspicions, raises_alerts=is_access_watch),
        *(RowKind(kind, link=_page) for kind in (MfaRule, PasswordPolicy)),
    ),
    tables=(ACCOUNTS, ACCESS),
    points=(ACCOUNT_KINDS,),
    kinds={
        "accounts": {
            "aws": f"{_COLLECTORS}.aws",
            "csv": f"{_COLLECTORS}.csv",
            "github": f"{_COLLECTORS}.github",
            "host": f"{_COLLECTORS}.host",
            "ldap": f"{_COLLECTORS}.ldap",
            "postgresql": f"{_COLLECTORS}.postgresql",
            "toban": f"{_COLLECTORS}.toban",
        },
    },
    proposals=open_tables,
    operation="toban.chapters.accounts.operation",
    offers={
        REPORT_SECTIONS: "toban.chapters.accounts.rows.monthly:section",
        TASK_FACTS: "toban.chapters.accounts.rows.facts:facts",
        SIGN_IN_RULES: "toban.chapters.accounts.rows.elsewhere:judge",
    },
    apps=("toban.chapters.accounts",),
    pages="toban.faces.web.accounts.urls",
    folded=(Link("accounts", Message("accounts.page")),),
    api="toban.faces.api.accounts.routes",
    scopes=(
        Scope("read:accounts", Message("accounts.scope-read")),
        Scope("act:accounts", Message("accounts.scope-act")),
    ),
    acts=ACTS,
    commands={"accounts": Command("toban.faces.cli.accounts.accounts", Message("commands.accounts"))},
)
