"""The shop with the document's whole chapter 5, and what its rows say."""

from datetime import datetime, timedelta
from pathlib import Path

from tests.integration.chapters.release.shop import BINDINGS, DOCUMENT, PRODUCTION, STAGING, Shop
from tests.registered import PARTS

from toban.chapters.release.models import CommitProof, Release, SourceLook, StoredArtifact
from toban.chapters.release.ordering import orders
from toban.chapters.release.rows import report, verifying
from toban.chapters.release.rows.looking import Looks
from toban.chapters.release.source import ProofKind
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.runs.models import Run
from toban.engine.tasks import lists
from toban.engine.tasks import orders as tasks
from toban.engine.tasks.facts import digest_of_facts
from toban.engine.tasks.models import SignOff
from toban.engine.tasks.orders import TaskOrder
from toban.engine.tasks.windows import open_tasks
from toban.message import plain

FLOW = """### デプロイフロー
```
1. コードレビュー (GitHub PR)
2. マージ → main/release ブランチ
3. CI実行 (ビルド、テスト)
4. ステージング環境デプロイ (自動)
5. 動作確認 (手動)
6. 本番環境デプロイ (手動承認)
```
"""
WHOLE = DOCUMENT.replace("### デプロイ方式\n", f"{FLOW}### デプロイ方式\n")
FLOW_ROW = "release/deploy-flow/デプロイフロー"
TO_STAGING = f"release/deploy-rule/{STAGING}"
TO_PRODUCTION = f"release/deploy-rule/{PRODUCTION}"
MINOR = "release/release-schedule/マイナーリリース"
PATCH = "release/release-schedule/パッチリリース"
ROLLBACK = "release/rollback-procedure/ロールバック手順"


class Place(Shop):
    """The shop whose rows are judged."""

    def __init__(self, home: Path, bindings: str = BINDINGS, document: str = WHOLE) -> None:
        self.looks = Looks(patience=0.5)
        super().__init__(home, bindings, document)

    def tell(self, after: timedelta = timedelta(0)) -> None:
        """Look at what serves, open what is to be signed, and judge the rows."""
        self.now += after
        SourceLook.objects.update_or_create(
            service="shop", defaults={"asked_at": self.now, "answered_at": self.now}
        )
        self.looks.look(self.plan, self.now)
        self.judge()

    def judge(self) -> None:
        """Judge the rows without another look."""
        verifying.open_wanted(self.plan, self.plan.tasks, self.now)
        report.tell(self.plan, self.edition, self.now)

    def prove(self, version: str, **is_given: bool | None) -> None:
        """Have the source say of *version* what is not as usual: all is given."""
        commit = self.source.resolve(version)
        for kind in ProofKind:
            CommitProof.objects.update_or_create(
                service="shop",
                commit=commit,
                kind=kind,
                defaults={
                    "is_given": is_given.get(kind, True),
                    "said": plain(f"{kind} by nami"),
                    "looked_at": self.now,
                },
            )

    def automatic(self, version: str) -> Release:
        """Have the trigger of staging order *version*."""
        commit = self.source.resolve(version)
        staging = self.plan.deployments[STAGING]
        made = orders.order_automatic(self.plan, staging, self.source, commit, "release/1", self.now)
        assert made is not None
        return made

    def sign(self, name: str = "ken", *, remark: str = "", is_performed: bool = True) -> SignOff:
        """Sign off the only open task."""
        (run,) = open_tasks()
        order = TaskOrder(run.pk, self.giver(name), self.edition, PARTS)
        facts = lists.facts_of(run, self.edition, PARTS, self.now)
        shown = digest_of_facts(run.pk, facts)
        return tasks.sign_off(order, remark, shown=shown, now=self.now, is_performed=is_performed)

    def bring(
        self, version: str, *, cause: str = "", at: datetime | None = None, was_allowed: bool = False
    ) -> Release:
        """Have *version* go the whole way: trigger, staging, the look, approval, production."""
        self.source.add(version) if version not in {each.subject for each in self.source.log} else None
        self.prove(version)
        self.automatic(version)
        self.work()
        self.tell()
        self.sign()
        release = self.release(version, cause=cause, at=at, was_allowed=was_allowed)
        self.work()
        self.approve()
        self.work(max((at or self.now) - self.now, timedelta(0)))
        release.refresh_from_db()
        assert release.served_at is not None, str(release.note)
        self.tell()
        return release

    def status(self, row: str) -> ClauseStatus:
        return ClauseStatus.objects.get(clause_id=row)

    def verdict(self, row: str) -> Verdict:
        return Verdict(self.status(row).verdict)

    def why(self, row: str) -> str:
        """Return the code of the row's reason."""
        reason = self.status(row).reason
        while reason.code == "common.sentences":
            reason = reason.values["first"]
        return str(reason.code.removeprefix("release-rows."))

    def proof(self, row: str) -> dict[str, object]:
        """Return the proof of the row's newest entry of evidence."""
        entries = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.VERDICT, clause_id=row)
        newest = entries.filter(content__has_key="proof").order_by("-sequence").first()
        assert newest is not None
        found: dict[str, object] = newest.content["proof"]
        return found

    def alerts(self) -> set[str]:
        """Return the keys of the open alerts."""
        return set(Alert.objects.filter(resolved_at=None).values_list("key", flat=True))

    def tasks(self) -> list[Run]:
        return list(open_tasks())

    def artifact(self, version: str) -> StoredArtifact:
        return StoredArtifact.objects.get(label=version)
