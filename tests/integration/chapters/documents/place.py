"""A shop's documents: one in a real repository, one in a wiki over HTTP, and the real ledgers."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.integration.chapters.release.git_host import Repository
from tests.registered import PARTS

from toban.chapters.documents import report
from toban.chapters.documents.operation import OPERATION
from toban.chapters.documents.places import looking
from toban.chapters.documents.plan import DocumentsPlan
from toban.design.reader import read_design
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.bindings.load import read_bindings
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.recorded import RecordedChange
from toban.engine.changes.recording import record
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run
from toban.engine.tasks.lists import OpenTask, listed
from toban.engine.tasks.orders import TaskOrder, sign_off

MONDAY = datetime(2026, 11, 30, 10, tzinfo=ZoneInfo("Asia/Tokyo"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOKEN = "wiki-token-1"
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 佐藤 | 平日9:00-18:00 |
## 12. ドキュメント管理
### 運用ドキュメント一覧
| ドキュメント名 | 更新頻度 | 管理場所 |
|--------------|---------|---------|
| 障害対応手順書 | 変更時 | Wiki/Git |
| FAQ | 随時 | Wiki |
### ドキュメント更新
- システム変更時に関連ドキュメントも更新
- 四半期毎にドキュメントレビュー
"""
RUNBOOK = "documents/managed-document/障害対応手順書"
FAQ = "documents/managed-document/FAQ"
RULE = "documents/document-rule/システム変更時に関連ドキュメントも更新"
REVIEW = "documents/document-rule/四半期毎にドキュメントレビュー"
BINDINGS = """
[people."運用責任者"]
account = "sato"

[documents."障害対応手順書"]
kind = "git"
url = "{repository}"
path = "docs/runbook.md"
about = ["release", "web-1"]

[documents.FAQ]
kind = "page"
url = "{wiki}/faq"
bearer_token = "env:WIKI_TOKEN"
"""


@dataclass
class Page:
    body: str
    at: datetime | None = MONDAY - 30 * DAY
    """None: the server does not say."""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    says_now: bool = False
    """The server says that it was changed as it was asked."""


@dataclass
class Wiki:
    """Its pages by path; everybody must send the token."""

    url: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Wiki]:
    """Serve a wiki on loopback."""
    wiki = Wiki()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wiki.asked.append(self.path)
            page = wiki.pages.get(self.path, Page("no such page", status=404))
            is_let_in = self.headers.get("authorization") == f"Bearer {TOKEN}"
            body = page.body.replace("COUNT", str(len(wiki.asked))).encode()
            self.send_response(page.status if is_let_in else 401)
            self.send_header("Content-Type", page.kind)
            if page.says_now:
                self.send_header("Last-Modified", self.date_time_string())
            elif page.at is not None:
                at = page.at.astimezone(ZoneInfo("UTC"))
                self.send_header("Last-Modified", f"{at:%a, %d %b %Y %H:%M:%S GMT}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    wiki.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield wiki
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Place:
    """Its document in force; `look` and `tell` do what the loops do."""

    folder: Path
    wiki: Wiki
    now: datetime = MONDAY
    edition: Edition = field(init=False)
    repository: Repository = field(init=False)
    account: Operator = field(init=False)

    def __post_init__(self) -> None:
        self.repository = Repository.make(self.folder, "docs.git")
        self.repository.clock = int((self.now - 40 * DAY).timestamp())
        self.write("# 障害対応\n\nWebサーバーを再起動する。\n")
        self.wiki.pages["/faq"] = Page(
            "<html><head><title>x</title></head><h1>FAQ</h1><p>よくある質問</p></html>"
        )
        self.account = Operator.objects.create_user("sato", operator_role=OperatorRole.MANAGER)
        self.take()

    def take(self, document: str = DOCUMENT, bindings: str = BINDINGS) -> None:
        """Put an edition in force."""
        written = bindings.format(repository=self.repository.bare, wiki=self.wiki.url)
        read = read_bindings(written, self.folder / "toban.toml", PARTS.schema)
        self.edition = Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)

    @property
    def plan(self) -> DocumentsPlan:
        return self.edition.plan(OPERATION)

    def write(self, text: str, path: str = "docs/runbook.md") -> None:
        """Commit *text* now, and push it."""
        self.repository.commit("docs", {path: text})
        self.repository.push()

    def write_now(self, text: str, path: str = "docs/runbook.md") -> None:
        self.repository.clock = int(self.now.timestamp()) - 60
        self.write(text, path)

    def look(self) -> None:
        looking.look(self.plan, {"B001"}, self.folder / "home", self.edition.design.digest, self.now)

    def tell(self) -> None:
        report.tell(self.plan, self.edition, self.now)

    def pass_(self, time: timedelta = 2 * HOUR) -> None:
        """Let *time* pass, and the loops do their work."""
        self.now += time
        self.look()
        self.tell()

    def change(self, kind: ChangeKind = ChangeKind.RELEASE, *about: str, text: str = "shop 1.1.0") -> None:
        """Record a change a minute from now."""
        self.now += timedelta(minutes=1)
        record(RecordedChange(kind=kind, text=text, about=about), by="pipeline", now=self.now)

    def tasks(self) -> list[OpenTask]:
        return list(listed(self.edition, PARTS, self.now))

    def sign(self, remark: str, *, is_performed: bool = True) -> None:
        (task,) = self.tasks()
        order = TaskOrder(task.run.pk, Giver(self.account, ApprovalAnswer.Via.PAGE), self.edition, PARTS)
        sign_off(order, remark, shown=task.shown, now=self.now, is_performed=is_performed)

    def verdict(self, row: str = RUNBOOK) -> Verdict:
        return Verdict(ClauseStatus.objects.get(clause_id=row).verdict)

    def said(self, row: str = RUNBOOK) -> str:
        return str(ClauseStatus.objects.get(clause_id=row).reason)

    def runs(self) -> Mapping[int, Run]:
        return Run.objects.in_bulk()
