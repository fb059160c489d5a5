"""A worker of its own, with files that others can write."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.registered import PARTS
from tests.unit.engine.editions.gate.git import WorkTree

from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.editions import records
from toban.engine.editions.edition import Edition, EditionRefusal
from toban.engine.editions.gate.approval import asked, watch
from toban.engine.editions.inforce import EditionInForce
from toban.engine.editions.review import RecordedReview
from toban.engine.operation import rows_of, running_works
from toban.engine.people.models import Operator

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DESIGN = """\
# 運用設計書

## 体制

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 24時間365日 |

## バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | 掃除 | 日次 | 2:00 | 掃除 | 手動再実行 |
"""
BINDINGS = """\
[people."運用責任者"]
account = "nami"
email = "nami@example.com"
[people."鈴木"]
account = "suzuki"
[people."村田"]
email = "murata@example.com"
[batches.B001]
command = ["./cleanup"]
"""
EVIL = BINDINGS.replace("./cleanup", "/bin/evil")


@dataclass
class Server:
    """One worker's view of the files, and its loops."""

    folder: Path
    now: datetime = NOON
    tree: WorkTree | None = None
    """Where each version is a commit of somebody in `[people]` who has no account."""
    clock: Callable[[], datetime] = field(init=False)
    files: EditionInForce = field(init=False)

    def __post_init__(self) -> None:
        self.clock = lambda: self.now
        self.start()

    def start(self, kept: str = "kept") -> None:
        self.review = RecordedReview(
            partial(rows_of, operations=PARTS.operations),
            partial(running_works, operations=PARTS.operations),
            self.clock,
        )
        self.files = EditionInForce(
            self.folder / "ops.md", self.folder / "toban.toml", PARTS.schema, kinds=PARTS.kinds,
            kept=self.folder.parent / kept, review=self.review,
        )  # fmt: skip

    def write(self, bindings: str = BINDINGS, design: str = DESIGN) -> None:
        (self.folder / "ops.md").write_text(design)
        (self.folder / "toban.toml").write_text(bindings)
        if self.tree is not None and self.tree.root == self.folder:
            self.tree.git("add", ".")
            self.tree.git("commit", "-q", "--allow-empty", "-m", "edit", by="murata@example.com")

    def open_to_others(self) -> None:
        (self.folder / "toban.toml").chmod(0o666)

    def look(self) -> None:
        """Look at the files until they are settled, as a worker does."""
        for _ in range(3):
            former = self.files.edition
            match self.files.refresh():
                case Edition() as edition:
                    gate = self.review.gate_of(edition)
                    records.record_in_force(former, edition, self.review.rows_of, self.now, gate=gate)
                case EditionRefusal() as refusal:
                    records.record_refusal(self.files.edition, refusal, self.review.rows_of, self.now)
                case None:
                    pass
            self.files.keep()
            if self.files.edition is not None:
                watch(self.files.edition, self.now)

    @property
    def command(self) -> str:
        assert self.files.edition is not None
        return str(self.files.edition.bindings.guarded["batches", "B001", "command"])

    def order(
        self, name: str | None, note: str = "", request: ApprovalRequest | None = None, **more: object
    ) -> AnswerOrder:
        """Return an answer to *request*, or to what waits now."""
        request, edition = request or asked(), self.files.edition
        assert request is not None
        assert edition is not None
        account = Operator.objects.get(username=name) if name else None
        order = AnswerOrder(request.pk, request.digest, Giver(account), edition, note)
        return replace(order, **more)  # type: ignore[arg-type]

    def approve(self, name: str, request: ApprovalRequest | None = None) -> None:
        answering.approve(self.order(name, request=request), PARTS.ports.all(APPROVAL_EFFECTS), self.now)

    def refuse(self, name: str) -> None:
        answering.refuse(self.order(name, "unknown program"), PARTS.ports.all(APPROVAL_EFFECTS), self.now)
