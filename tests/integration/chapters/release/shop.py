"""A small shop that is released: a source, an engine, and a worker that does what is due."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration.engine.runs.claims import taken
from tests.registered import schema

from toban.chapters.release.bindings import DeploymentBinding, ReleaseBinding
from toban.chapters.release.drills import rehearsal
from toban.chapters.release.engine import Artifact, DeployFailed, DeployWatch, EngineKind
from toban.chapters.release.models import Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering import orders
from toban.chapters.release.ordering.approval import EFFECT
from toban.chapters.release.ordering.orders import ReleaseOrder
from toban.chapters.release.ordering.planning import Wish, draft
from toban.chapters.release.rows.looking import Looks
from toban.chapters.release.running import underway
from toban.chapters.release.running.works import works
from toban.chapters.release.source import (
    FIRST_COMMITS,
    BranchHead,
    Commit,
    Proof,
    ProofKind,
    SourceFailed,
    SourceKind,
)
from toban.design.reader import read_design
from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.claiming.claim import Claim, succeed_all
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.models import PlannedWork
from toban.engine.runs.scheduler import plan_due
from toban.message import Message, plain

NOON = datetime(2026, 4, 14, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
"""A second Tuesday."""
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 24時間365日 |
| 開発担当者 | 比嘉 | 24時間365日 |
## 5. デプロイ・リリース
### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|------|-----------|---------|------|
| ステージング環境 | 自動 | releaseブランチ作成時 | 不要 |
| 本番環境 | 手動 | リリース予定日時 | 運用責任者 |
### リリーススケジュール
| リリース種別 | 頻度 | タイミング |
|------------|------|-----------|
| マイナーリリース | 月1回 | 毎月第2火曜日 |
| パッチリリース | 随時 | 緊急バグ修正時 |
### ロールバック手順
1. 問題検知 → 運用責任者判断
2. 前バージョンへ切り戻し (5分以内)
3. 動作確認
4. 原因調査・対策
"""
BINDINGS = """
[releases.shop]
kind = "test"
backup = "B001"
[deployments."ステージング環境"]
kind = "test"
rollback = "act"
[deployments."本番環境"]
kind = "test"
rollback = "act"
[deployments."本番環境".health]
url = "http://127.0.0.1:9/"
[people."運用責任者"]
account = "nami"
email = "nami@example.com"
[people."開発担当者"]
account = "ken"
email = "ken@example.com"
"""


@dataclass
class Source:
    """Commits, oldest first, all on the trunk. See `ReleaseSource`."""

    log: list[Commit] = field(default_factory=list)
    reviewed: dict[str, bool | None] = field(default_factory=dict)

    def add(self, subject: str, *, author: str = "Mio <mio@example.com>", files: Iterable[str] = ()) -> str:
        number = f"{len(self.log) + 1:040x}"
        self.log.append(Commit(number, author, NOON, subject, {}, tuple(files)))
        return number

    def fetch(self) -> Sequence[BranchHead]:
        return [BranchHead("main", self.log[-1].id)]

    def tags(self) -> Sequence[BranchHead]:
        return ()

    def resolve(self, name: str) -> str:
        if name == "main":
            return self.log[-1].id
        found = [each.id for each in self.log if name in (each.id, each.subject)]
        if not found:
            raise SourceFailed(plain(f"no {name}"), retry=False)
        return found[0]

    def label(self, commit: str) -> str:
        return next(each.subject for each in self.log if each.id == commit)

    def commits(self, after: str, upto: str) -> Sequence[Commit]:
        found = [each for each in reversed(self.log) if after < each.id <= upto]
        return found if after else found[:FIRST_COMMITS]

    def is_ancestor(self, older: str, newer: str) -> bool:
        return older <= newer

    def proofs(self, commit: str) -> Sequence[Proof]:
        return [Proof(ProofKind.REVIEW, self.reviewed.get(commit, True), plain("reviewed by nami"))]

    def export(self, commit: str, into: Path) -> None:
        (into / "version").write_text(self.label(commit))

    def announce(
        self, commit: str, environment: str, *, is_done: bool | None, said: Message, url: str = ""
    ) -> None:
        """Tell nobody."""


@dataclass
class Engine:
    """One instance. See `DeployEngine`."""

    kept: dict[str, str] = field(default_factory=dict)
    """Digest → version."""
    serves: str = ""
    fails: str = ""
    """The act that fails."""
    breaks: str = ""
    """The act that fails after it was done."""
    acts: list[str] = field(default_factory=list)

    def installed(self) -> Collection[str]:
        if self.fails == "look":
            raise DeployFailed(plain("web-2 does not answer"))
        return self.kept

    def serving(self) -> Mapping[str, str]:
        return {"web-1": self.serves}

    def install(self, artifact: Artifact, _watch: DeployWatch) -> None:
        self._act(f"install {artifact.label}")
        self.kept[artifact.digest] = artifact.label

    def switch(self, artifact: Artifact, _watch: DeployWatch, *, back: bool = False) -> None:  # noqa: ARG002
        self._act(f"switch {artifact.label}")
        assert artifact.digest in self.kept
        self.serves = artifact.digest
        if self.breaks == "switch":
            raise DeployFailed(plain("web-1 went away"))

    def prune(self, keep: Collection[str]) -> None:
        self.kept = {digest: label for digest, label in self.kept.items() if digest in keep}

    def _act(self, act: str) -> None:
        self.acts.append(act)
        if self.fails and act.startswith(self.fails):
            raise DeployFailed(plain(f"{act}: no space left on web-1"))

    @property
    def version(self) -> str:
        return self.kept.get(self.serves, "")


STAGING, PRODUCTION = "ステージング環境", "本番環境"


class Shop:
    """Its document in force, and what serves; `work` does all that is due."""

    def __init__(self, home: Path, bindings: str = BINDINGS, document: str = DOCUMENT) -> None:
        self.home, self.now = home, NOON
        self.source = Source()
        self.engines = {STAGING: Engine(), PRODUCTION: Engine()}
        self.watch = underway.Watch(lambda _health: self.illness_of(PRODUCTION))
        self.ill: dict[str, str] = {}
        """Version → how its instances answer."""
        self.take(bindings, document)

    def take(self, bindings: str = BINDINGS, document: str = DOCUMENT) -> None:
        """Put an edition in force."""
        sources = {"test": SourceKind(ReleaseBinding, lambda _config, _folder: self.source)}
        engines = {
            "test": EngineKind(DeploymentBinding, lambda _config, site: self.engines[site.environment])
        }
        models: Any = {
            "releases": {"test": ReleaseBinding},
            "deployments": {"test": DeploymentBinding},
        }
        kinds = Kinds.given(releases=sources, deployments=engines)
        read = read_bindings(bindings, Path("toban.toml"), schema(**models))
        self.edition = Edition(read_design(document, "運用設計書.md"), read, kinds)
        self.plan = self.edition.plan(OPERATION)
        clock, probe = (lambda: self.now), (lambda _health: self.illness_of(PRODUCTION))
        drills = rehearsal.works(self.plan, clock, lambda _health: self.illness_of(STAGING))
        self.works = {**works(self.plan, clock, probe), **drills, **self.plan.tasks}
        plan_due(self.works.values(), self.now)
        PlannedWork.objects.update_or_create(
            key="B001", defaults={"in_force": True, "planned_until": self.now}
        )

    def illness_of(self, environment: str) -> Message:
        return plain(self.ill.get(self.engines[environment].version, ""))

    def giver(self, name: str) -> Giver:
        return Giver(Operator.objects.get(username=name), has_proved=True)

    def order(self, name: str) -> ReleaseOrder:
        return ReleaseOrder(self.giver(name), self.edition, self.plan)

    def release(
        self,
        version: str = "",
        *,
        to: str = PRODUCTION,
        by: str = "ken",
        at: datetime | None = None,
        cause: str = "",
        was_allowed: bool = False,
    ) -> Release:
        """Plan a release; *was_allowed*: under an edition that asked for neither a day nor a cause."""
        wish = Wish(to, version, at or self.now, cause)
        made = draft(self.edition, self.plan, wish, home=self.home, now=self.now)
        made = replace(made, refusals=()) if was_allowed else made
        return orders.order_release(made, self.order(by), self.now)

    def stage(self, version: str) -> None:
        """Have *version* serve in staging, checked."""
        release = self.release(version, to=STAGING)
        self.work()
        release.refresh_from_db()
        assert release.state == Release.State.WATCHED, str(release.note)

    def approve(self, name: str = "nami", request: ApprovalRequest | None = None) -> None:
        request = request or ApprovalRequest.objects.latest("pk")
        given = AnswerOrder(request.pk, request.digest, self.giver(name), self.edition, "確認済み")
        answering.approve(given, EFFECTS, self.now)

    def work(self, after: timedelta = timedelta(0)) -> None:
        """Do everything that is due *after* this time, and what follows from it."""
        self.now += after
        for _ in range(5):
            before = list(Release.objects.order_by("pk").values())
            Looks().look(self.plan, self.now)
            underway.look(self.plan, self.now)
            is_idle = True
            while (held := taken(self.works, "worker", self.now)) is not None:
                self.perform(held)
                is_idle = False
            if is_idle and list(Release.objects.order_by("pk").values()) == before:
                # At the same moment, another round would find the same.
                break
        self.watch.look(self.plan, self.now)
        underway.look(self.plan, self.now)

    def perform(self, held: Claim) -> None:
        """Do the steps of a run that a worker has claimed."""
        through(self.hand(held), Endings(lambda ends: succeed_all(ends, self.now)))

    def hand(self, held: Claim) -> Hand:
        return Hand(held, self.works[held.work], lambda: self.now, dict(held.results), None)

    @property
    def serves(self) -> str:
        return self.engines[PRODUCTION].version


EFFECTS = (EFFECT,)
VIA = ApprovalAnswer.Via
