"""What `toban init` proposes for chapter 3: where to ship the audit log, and where to archive logs. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence

from toban.chapters.logs.bindings import ArchiveBinding
from toban.chapters.logs.pulling.source import LOG_SOURCE_KINDS
from toban.design.clauses.base import Clause
from toban.design.clauses.logs import LogKind
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.bindings.model import EvidenceBinding
from toban.engine.bindings.senders import FileBinding, SenderBinding
from toban.engine.registry.kinds import Kinds
from toban.engine.stores.store import STORE_KINDS
from toban.engine.telemetry.logs.words import ACCESS, APPLICATION, AUDIT, ERROR, TRACE, kind_of
from toban.message import Message, plain

_ARCHIVE = re.compile(r"アーカイブ|退避|長期(?:保存|保管)|archiv|glacier", re.IGNORECASE)
_BUCKET = re.compile(r"\bs3\b|minio|バケット|オブジェクトストレージ|bucket", re.IGNORECASE)
_CLOUDWATCH = re.compile(r"cloud\s*watch", re.IGNORECASE)
_LOG = re.compile(r"ログ|\blogs?\b", re.IGNORECASE)
_FILES: Mapping[str, Mapping[str, str]] = {
    ACCESS: {"path": "*/access*.log", "format": "access"},
    APPLICATION: {"path": "*/app*.log"},
    ERROR: {"path": "*/error*.log"},
}
"""How the file of a kind of log is usually named, and what is in it if that is not plain text or JSON."""


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield what the audit log and archived logs of *design* need, with a store of *kinds* for each."""
    yield from _sent(design)
    yield from _fetched(design, kinds)
    stores = kinds.of(STORE_KINDS)
    kind = next((name for name in ("s3", "directory") if name in stores), "")
    if not kind:
        return

    def store(name: str, bucket: str, rows: Sequence[Clause], notes: Sequence[Message]) -> OpenTable:
        values = {"bucket": bucket} if "bucket" in stores[kind].config.model_fields else {}
        return OpenTable("stores", name, rows, [BindingProposal(kind, stores[kind].config, values)], notes)

    audited = [row for row in design.of(LogKind) if kind_of(row.name) == AUDIT]
    if audited:
        yield store(
            EvidenceBinding.example["store"], "audit", audited, [Message("logs.where-to-ship-audit-log")]
        )
        yield OpenTable("evidence", "", audited, [BindingProposal("", EvidenceBinding)])
    archived = [row for row in design.of(LogKind) if _is_archived(row)]
    said = [
        plain(f"{design.document}:{each.line} {each.text}")
        for each in design.unread
        if _speaks_of_it(each.text)
    ]
    if archived or said:
        # A remark about logs in general applies to all kinds.
        values = {} if said else {"kinds": [row.name for row in archived]}
        notes = [*said, Message("logs.where-to-archive-logs")]
        yield store(ArchiveBinding.example["store"], "log-archive", archived, notes)
        yield OpenTable("logs.archive", "", archived, [BindingProposal("", ArchiveBinding, values)], said)


def _is_archived(row: LogKind) -> bool:
    """Say whether the lines of *row* go to a bucket, except the audit log, which is shipped there anyway."""
    if _ARCHIVE.search(row.text):
        return True
    return kind_of(row.name) != AUDIT and _BUCKET.search(row.destination) is not None


def _speaks_of_it(text: str) -> bool:
    return _ARCHIVE.search(text) is not None and _LOG.search(text) is not None


def _sent(design: Design) -> Iterator[OpenTable]:
    """Yield one who may send the kinds of log that are neither fetched nor shipped, and a file for each."""
    rows = [
        row
        for row in design.of(LogKind)
        if kind_of(row.name) != AUDIT and not _CLOUDWATCH.search(row.destination)
    ]
    if not rows:
        return
    names = [row.name for row in rows]
    filed = [row for row in rows if kind_of(row.name) != TRACE]
    may = ["logs"] if filed == rows else ["logs", "traces"]
    # One kind for all lines that name none would be wrong for most of several.
    alone = {"log": names[0]} if len(filed) == len(names) == 1 else {}
    values = {"token": "env:APP_LOG_TOKEN", "may": may, **alone, "kinds": names}
    yield OpenTable(
        "senders", "app", rows, [BindingProposal("", SenderBinding, values)], [Message("logs.who-sends-logs")]
    )
    for row in filed:
        notes = [Message("logs.which-files")] if row is filed[0] else []
        entry = BindingProposal("", FileBinding, {**_file(row.name), "log": row.name})
        yield OpenTable("senders", "app", [], [entry], notes, within="files")


def _file(name: str) -> Mapping[str, str]:
    """Return where the lines of the kind of log *name* are, as far as its name tells."""
    return _FILES.get(kind_of(name)) or {"path": f"*/{''.join(name.split())}*.log"}


def _fetched(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield a place to fetch from for each kind of log that goes to CloudWatch Logs."""
    kind = kinds.of(LOG_SOURCE_KINDS).get("cloudwatch")
    if kind is None:
        return
    for row in (each for each in design.of(LogKind) if _CLOUDWATCH.search(each.destination)):
        proposal = BindingProposal("cloudwatch", kind.config, {"log": row.name})
        yield OpenTable("log_sources", row.name, [row], [proposal], [Message("logs.which-log-group")])
