"""The extension of chapter 12: documents in their places, how they follow changes, and who has read them."""

from toban.chapters.documents.acts import ACTS
from toban.chapters.documents.bindings import DOCUMENT_KEEPING
from toban.chapters.documents.doubts import doubts
from toban.chapters.documents.pages import text_page
from toban.chapters.documents.places.place import DOCUMENT_KINDS, DOCUMENTS
from toban.chapters.documents.proposals import open_tables
from toban.design.clauses.documents import DocumentRule, ManagedDocument
from toban.engine.extension import Extension, Link, RowKind, Scope, always
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.tasks.facts import TASK_FACTS
from toban.message import Message

_PLACES = "toban.chapters.documents.places"


def _text(row: ManagedDocument) -> Link:
    return text_page(row.name)


def _page(_row: DocumentRule) -> Link:
    return Link("documents", Message("documents.page"))


EXTENSION = Extension(
    name="documents",
    manual="documents.md",
    rows=(
        RowKind(ManagedDocument, is_measured=True, link=_text, raises_alerts=always),
        RowKind(DocumentRule, is_measured=True, link=_page, raises_alerts=always),
    ),
    tables=(DOCUMENTS, DOCUMENT_KEEPING),
    points=(DOCUMENT_KINDS,),
    kinds={"document": {"git": f"{_PLACES}.git", "page": f"{_PLACES}.page", "written": f"{_PLACES}.written"}},
    proposals=open_tables,
    doubts=doubts,
    operation="toban.chapters.documents.operation",
    offers={
        REPORT_SECTIONS: "toban.chapters.documents.reporting.monthly:section",
        TASK_FACTS: "toban.chapters.documents.reviewing:facts",
    },
    apps=("toban.chapters.documents",),
    pages="toban.faces.web.documents.urls",
    folded=(Link("documents", Message("documents.page")),),
    api="toban.faces.api.documents.routes",
    scopes=(Scope("read:documents", Message("documents.scope-read")),),
    acts=ACTS,
    commands={
        "documents": Command("toban.faces.cli.documents.documents", Message("commands.documents")),
        "documents write": Command("toban.faces.cli.documents.write", Message("commands.documents-write")),
    },
)
