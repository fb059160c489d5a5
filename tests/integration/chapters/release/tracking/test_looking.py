"""Looks at a real repository, and what the document's triggers order for it."""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.release.git_host import GIT, Repository
from tests.registered import schema

from toban.chapters.release.bindings import DeploymentBinding
from toban.chapters.release.deployments import plan
from toban.chapters.release.engine import DeployEngine, DeploySite, EngineKind
from toban.chapters.release.models import CommitProof, Release, SourceBranch, SourceLook
from toban.chapters.release.rows import report
from toban.chapters.release.source import Proof, ProofKind, SourceFailed
from toban.chapters.release.sources.git import KIND
from toban.chapters.release.sources.git.config import GitSourceConfig
from toban.chapters.release.tracking.looking import Look, announce, keep_proofs
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.registry.kinds import Kinds
from toban.message import Message, plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
REVIEWED = "\n\nReviewed-by: Kei <kei@example.com>"
DOCUMENT = """# 運用設計書
## 5. デプロイ・リリース
### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|---|---|---|---|
| 開発環境 | 自動 | mainブランチマージ時 | 不要 |
| ステージング環境 | 自動 | releaseブランチ作成時 | 不要 |
| 検証環境 | 自動 | v* タグ作成時 | 不要 |
| 本番環境 | 手動 | リリース予定日時 | 運用責任者 |
"""


SCHEMA = schema(releases={"git": GitSourceConfig}, deployments={"test": DeploymentBinding})


def no_engine(_config: DeploymentBinding, _site: DeploySite) -> DeployEngine:
    raise AssertionError("a look touches no environment")


@dataclass
class Watched:
    """A repository, the document in force, and a clock."""

    repository: Repository
    home: Path
    now: datetime = NOON
    document: str = DOCUMENT
    bound: tuple[str, ...] = ("開発環境", "ステージング環境", "検証環境", "本番環境")
    services: tuple[str, ...] = ("shop",)

    @property
    def edition(self) -> Edition:
        tables = "".join(f'[deployments."{each}"]\nkind = "test"\n' for each in self.bound)
        sources = "".join(f'[releases.{each}]\nurl = "{self.repository.bare}"\n' for each in self.services)
        kinds = Kinds.given(
            releases={"git": KIND}, deployments={"test": EngineKind(DeploymentBinding, no_engine)}
        )
        read = read_bindings(sources + tables, Path("toban.toml"), SCHEMA)
        return Edition(read_design(self.document, "運用設計書.md"), read, kinds)

    def look(self) -> list[tuple[str, str, str]]:
        """Take a look a minute later; return what it released: deployment, branch, commit."""
        known = set(Release.objects.values_list("pk", flat=True))
        self.now += timedelta(minutes=1)
        made = plan(self.edition)
        Look(made.services["shop"], made, self.home, self.now).take()
        new = Release.objects.exclude(pk__in=known).order_by("pk")
        return [(each.deployment, each.trigger, each.artifact.commit) for each in new]


@pytest.fixture
def shop(tmp_path: Path) -> Watched:
    repository = Repository.make(tmp_path)
    repository.commit(f"shop: it opens{REVIEWED}")
    repository.push()
    return Watched(repository, tmp_path / "home")


def test_the_first_look_records_and_releases_nothing(shop: Watched) -> None:
    shop.repository.git("branch", "release/1.0")
    shop.repository.git("tag", "v1.0")
    shop.repository.push("--all")
    shop.repository.push("--tags")

    assert shop.look() == []

    seen = {(each.name, each.is_tag) for each in SourceBranch.objects.all()}
    assert seen == {("main", False), ("release/1.0", False), ("v1.0", True)}
    look = SourceLook.objects.get(service="shop")
    assert (look.asked_at, look.answered_at, bool(look.trouble)) == (shop.now, shop.now, False)
    proofs = {each.kind: each.is_given for each in CommitProof.objects.filter(commit=shop.repository.head)}
    assert proofs == {"review": True, "merge": True, "checks": None}


def test_each_event_is_released_where_the_document_says_and_once(shop: Watched) -> None:
    shop.look()
    merged = shop.repository.commit(f"shop: a cart{REVIEWED}")
    shop.repository.push("--all")
    assert shop.look() == [("開発環境", "main", merged)]
    assert shop.look() == []

    shop.repository.git("branch", "release/1.0")
    shop.repository.push("--all")
    assert shop.look() == [("ステージング環境", "release/1.0", merged)]

    shop.repository.git("tag", "v1.0")
    shop.repository.push("--tags")
    assert shop.look() == [("検証環境", "v1.0", merged)]
    assert shop.look() == []
    assert Release.objects.get(trigger="v1.0").ordered_by == "trigger"


def test_a_look_that_was_cut_off_before_the_order_is_made_up_for(shop: Watched) -> None:
    shop.look()
    merged = shop.repository.commit(f"shop: a cart{REVIEWED}")
    shop.repository.push()

    def killed(*_: object) -> Release:
        raise KeyboardInterrupt

    made = plan(shop.edition)
    with pytest.raises(KeyboardInterrupt):
        Look(made.services["shop"], made, shop.home, shop.now + timedelta(seconds=1), killed).take()
    assert SourceBranch.objects.get(name="main").commit == merged

    assert shop.look() == [("開発環境", "main", merged)]


def test_what_nobody_has_reviewed_waits_and_says_so(shop: Watched) -> None:
    shop.look()
    shop.repository.commit("shop: unseen")
    shop.repository.push()

    assert shop.look() == []

    note = SourceBranch.objects.get(name="main").note
    assert note.code == "release.lacks-review"
    assert shop.repository.commit(f"shop: seen{REVIEWED}")
    shop.repository.push()
    assert shop.look() == [("開発環境", "main", shop.repository.head)]
    assert not SourceBranch.objects.get(name="main").note


def test_a_force_push_is_seen_and_not_released(shop: Watched) -> None:
    first = shop.repository.head
    second = shop.repository.commit(f"shop: wrong{REVIEWED}")
    shop.repository.push()
    shop.look()
    shop.repository.git("reset", "--quiet", "--hard", first)
    third = shop.repository.commit(f"shop: right{REVIEWED}")
    shop.repository.push()

    assert shop.look() == []

    main = SourceBranch.objects.get(name="main")
    assert (main.commit, main.rewritten_from, main.rewritten_at) == (third, second, shop.now)
    fourth = shop.repository.commit(f"shop: onwards{REVIEWED}")
    shop.repository.push()
    assert shop.look() == [("開発環境", "main", fourth)]


def test_an_environment_that_is_bound_later_gets_nothing_older(shop: Watched) -> None:
    shop.bound = ("本番環境",)
    shop.look()
    shop.repository.commit(f"shop: a cart{REVIEWED}")
    shop.repository.git("branch", "release/1.0")
    shop.repository.push("--all")
    shop.look()
    shop.bound = ("開発環境", "ステージング環境", "本番環境")

    assert shop.look() == []

    shop.repository.git("branch", "release/1.1")
    shop.repository.push("--all")
    assert shop.look() == [("ステージング環境", "release/1.1", shop.repository.head)]


def test_a_remote_that_is_away_is_noted_and_caught_up_with(shop: Watched) -> None:
    shop.look()
    answered_at = shop.now
    place = shop.repository.bare
    place.rename(place.with_name("away"))

    assert shop.look() == []
    look = SourceLook.objects.get(service="shop")
    assert look.trouble.code == "release-git.no-such-repository"
    assert (look.asked_at, look.answered_at) == (shop.now, answered_at)

    place.with_name("away").rename(place)
    merged = shop.repository.commit(f"shop: a cart{REVIEWED}")
    shop.repository.push()
    assert shop.look() == [("開発環境", "main", merged)]
    assert not SourceLook.objects.get(service="shop").trouble


@pytest.mark.slow
def test_ten_thousand_branches_are_kept_and_forgotten(shop: Watched) -> None:
    shop.look()
    head = shop.repository.head
    names = ["-x", *(f"release/{number}" for number in range(10_000))]
    lines = "".join(f"create refs/heads/{name} {head}\n" for name in names)
    subprocess.run([GIT, "update-ref", "--stdin"], cwd=shop.repository.bare, input=lines.encode(), check=True)

    assert shop.look() == [("ステージング環境", "release/9999", shop.repository.head)]
    assert SourceBranch.objects.count() == 10_001
    lines = lines.replace("create", "delete")
    subprocess.run([GIT, "update-ref", "--stdin"], cwd=shop.repository.bare, input=lines.encode(), check=True)
    assert shop.look() == []
    assert SourceBranch.objects.filter(gone_at=shop.now).count() == 10_000
    shop.now += timedelta(days=100)
    shop.look()
    assert SourceBranch.objects.count() == 1


def test_what_git_can_not_know_takes_nothing_away(shop: Watched) -> None:
    shop.look()
    commit = shop.repository.head
    keep_proofs("shop", commit, [Proof(ProofKind.CHECKS, True, plain("passed"))], NOON)

    keep_proofs("shop", commit, [Proof(ProofKind.CHECKS, None, plain("unknown"))], NOON)
    assert CommitProof.objects.get(commit=commit, kind="checks").is_given is True

    keep_proofs("shop", commit, [Proof(ProofKind.CHECKS, False, plain("failed"))], NOON)
    assert CommitProof.objects.get(commit=commit, kind="checks").is_given is False


def test_an_unread_trigger_is_said_and_releases_nothing(shop: Watched) -> None:
    shop.document = DOCUMENT.replace("mainブランチマージ時", "別紙のとおり")
    shop.look()
    shop.repository.commit(f"shop: a cart{REVIEWED}")
    shop.repository.push()

    assert shop.look() == []
    report.tell(plan(shop.edition), shop.edition, shop.now)
    unread = ClauseStatus.objects.filter(clause_id__contains="/deploy-rule/", verdict=Verdict.NOT_MEASURABLE)
    assert [each.reason.code for each in unread] == ["release-source.trigger-not-understood"]


class Told:
    """A source that is told how releases stand."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bool | None, str]] = []
        self.urls: set[str] = set()
        self.failure: SourceFailed | None = None

    def announce(
        self, _commit: str, environment: str, *, is_done: bool | None, said: Message, url: str = ""
    ) -> None:
        self.urls.add(url)
        if self.failure is not None:
            raise self.failure
        self.said.append((environment, is_done, said.code))


def test_the_source_is_told_how_a_release_stands_once_for_each_state(shop: Watched) -> None:
    shop.look()
    shop.repository.commit(f"shop: a cart{REVIEWED}")
    shop.repository.push()
    shop.look()
    Release.objects.update(announced="")
    told = Told()
    source: Any = told

    for state in ("planned", "planned", "running", "watched", "rolled-back"):
        Release.objects.update(state=state)
        announce(source, "shop")

    assert told.said == [
        ("開発環境", False, "release-source.is-planned"),
        ("開発環境", False, "release-source.is-running"),
        ("開発環境", True, "release-source.is-watched"),
        ("開発環境", None, "release-source.is-rolled-back"),
    ]


@pytest.mark.parametrize(
    ("public", "expected"),
    [
        ("https://toban.example.com/", "https://toban.example.com/releases/{number}/"),
        # Nobody else could open these.
        ("http://127.0.0.1:8300", ""),
        ("http://localhost:8300", ""),
        ("http://[::1]:8300", ""),
    ],
)
def test_the_source_is_told_where_the_page_is_if_others_can_open_it(
    shop: Watched, settings: Any, public: str, expected: str
) -> None:
    settings.PUBLIC_URL = public
    shop.look()
    shop.repository.commit(f"shop: a cart{REVIEWED}")
    shop.repository.push()
    shop.look()
    Release.objects.update(announced="")
    told = Told()
    source: Any = told

    announce(source, "shop")

    assert told.urls == {expected.format(number=Release.objects.get().pk)}


def test_a_source_that_is_away_is_told_later_and_one_that_refuses_is_not_told_again(shop: Watched) -> None:
    shop.look()
    shop.repository.commit(f"shop: a cart{REVIEWED}")
    shop.repository.push()
    shop.look()
    Release.objects.update(announced="")
    told = Told()
    source: Any = told

    for retry, expected in ((True, ""), (False, "planned")):
        told.failure = SourceFailed(plain("no"), retry=retry)
        announce(source, "shop")
        assert Release.objects.get().announced == expected
