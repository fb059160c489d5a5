"""`toban backup` from an operator's view."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner, Result
from django.utils import translation
from pytest_django import Settings
from tests.integration.buckets import BucketOf, S3Server
from tests.integration.chapters.backup import fake_kind
from tests.registered import parts

from toban.chapters.backup import catalogue
from toban.chapters.backup.engine import Method
from toban.chapters.backup.models import Backup
from toban.chapters.backup.taking.steps import take
from toban.chapters.backup.works import plan
from toban.engine.editions.edition import Edition
from toban.engine.evidence.ledger import Record, append
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.supervision.home import in_force_folder
from toban.faces.cli.backup.backup import command
from toban.faces.cli.shell import shell_user
from toban.message import NOTHING, Message

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
DOCUMENT = """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (2:00) | 2世代 | 倉庫 | 1日 |
| S3ファイル | バージョニング | リアルタイム | - | S3 | 30日 |
"""
BINDINGS = """
[stores."倉庫"]
kind = "directory"
path = "store"

[backups.PostgreSQL]
kind = "fake"
"""
PARTS = parts(
    backups={
        "fake": "tests.integration.chapters.backup.fake_kind",
        "versioning": "toban.chapters.backup.engines.versioning",
    }
)


class Desk:
    """A terminal with a document, its bindings and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "store").mkdir()
        (folder / "運用設計書.md").write_text(DOCUMENT)
        (folder / "toban.toml").write_text(BINDINGS)

    def bind(self, more: str) -> None:
        (self.folder / "toban.toml").write_text(BINDINGS + more)

    def toban(self, *arguments: str, answer: str = "", status: int = 0) -> str:
        environment = {
            "TOBAN_DESIGN": str(self.folder / "運用設計書.md"),
            "TOBAN_BINDINGS": str(self.folder / "toban.toml"),
        }
        found: Result = CliRunner().invoke(
            command, list(arguments), obj=PARTS, env=environment, input=answer, catch_exceptions=False
        )
        assert found.exit_code == status, found.output
        return found.output

    def back_up(self, at: datetime) -> str:
        """Take a backup like a run does, and return its label."""
        edition = PARTS.in_force(design=self.folder / "運用設計書.md").refresh()
        assert isinstance(edition, Edition)
        source = plan(edition.design, edition.bindings, PARTS.kinds).sources["PostgreSQL"]
        fake_kind.SOURCE.now = lambda: at
        with source.opened() as at_work:
            taken = take(source, at_work.engine, Method.FULL, at, Silent())
            assert at_work.store is not None
            at_work.store.put(catalogue.key_of("PostgreSQL", taken.label), catalogue.to_json(taken))
        catalogue.record(taken, subject="PostgreSQL", clause_id="c", store="倉庫", verified_at=None)
        return taken.label


class Silent:
    """A `Watch` that ignores everything."""

    def say(self, text: Message) -> None:
        """Ignore the line."""

    def progress(self, percent: float | None, text: Message = NOTHING) -> None:
        """Ignore the progress."""

    def why_stop(self) -> object | None:
        return None


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def three(desk: Desk) -> list[str]:
    """The labels of three daily backups, oldest first; the last one is from today."""
    today = datetime.now(UTC)
    return [desk.back_up(today - timedelta(days=days)) for days in (2, 1, 0)]


def test_the_list_shows_what_is_known_of_each(desk: Desk, three: list[str]) -> None:
    Backup.objects.filter(label=three[1]).update(trouble="half of it is missing")

    text = desk.toban("list")
    read = json.loads(desk.toban("list", "PostgreSQL", "--format", "json"))

    assert [line.split()[2] for line in text.splitlines()] == [*reversed(three)]
    assert "頼れません: half of it is missing" in text
    assert [each["label"] for each in read] == [*reversed(three)]
    assert (read[1]["trouble"]["text"], read[0]["stored_bytes"]) == ("half of it is missing", 26)
    assert (read[1]["trouble"]["code"], read[0]["trouble"]) == ("common.text", None)
    assert desk.toban("list", "nobody") == "バックアップはまだありません\n"


def test_the_list_shows_an_increment_whose_full_is_gone_as_unreliable(desk: Desk, three: list[str]) -> None:
    Backup.objects.filter(label=three[2]).update(method="incremental", parent="20200101T000000Z-full")

    (newest, *others) = desk.toban("list").splitlines()

    assert newest.startswith("■")
    assert "もとになるフル 20200101T000000Z-full がないか、壊れています" in newest
    assert [each[0] for each in others] == ["?", "?"]


def test_verify_finds_damage_and_later_that_it_was_repaired(desk: Desk, three: list[str]) -> None:
    stored = desk.folder / "store" / "PostgreSQL" / three[0] / "text"
    whole = stored.read_bytes()
    stored.write_bytes(bytes(len(whole)))

    told = desk.toban("verify", status=1)
    damaged = Backup.objects.get(label=three[0])
    stored.write_bytes(whole)
    desk.toban("verify", three[0])

    assert told.count("■") == 1
    assert told.count("●") == 2
    assert "SHA-256" in str(damaged.trouble)
    mended = Backup.objects.get(label=three[0])
    assert (mended.trouble, mended.verified_at is not None) == (NOTHING, True)
    kept = LedgerEntry.objects.filter(content__label=three[0]).order_by("sequence")
    assert [each.content["verdict"] for each in kept] == ["deviating", "conforming"]


def test_verify_reports_a_missing_object_by_its_name(desk: Desk, three: list[str]) -> None:
    (desk.folder / "store" / "PostgreSQL" / three[2] / "text").unlink()

    told = desk.toban("verify", three[2], status=1)

    assert f"PostgreSQL/{three[2]}/text がありません" in told


def test_verify_does_not_report_an_unreachable_store_as_damage(desk: Desk, three: list[str]) -> None:
    (desk.folder / "store").rename(desk.folder / "unmounted")

    told = desk.toban("verify", status=1)

    assert "マウント" in told
    assert not Backup.objects.exclude(trouble__code="").exists()


def test_verify_of_an_unknown_label_is_refused(desk: Desk, three: list[str]) -> None:
    assert "台帳にありません" in desk.toban("verify", "20200101T000000Z-full", status=1)


def test_prune_says_what_it_will_remove_and_why_before_it_does(desk: Desk, three: list[str]) -> None:
    shown = desk.toban("prune", "--dry-run")
    after_showing = len(catalogue.on_hand("PostgreSQL"))
    desk.toban("prune", answer="n\n", status=1)
    after_refusing = len(catalogue.on_hand("PostgreSQL"))
    desk.toban("prune", answer="y\n")

    assert f"消す  {three[0]}  2世代 と 1日を過ぎました" in shown
    assert f"残す  {three[2]}" in shown
    assert (after_showing, after_refusing) == (3, 3)
    assert [row.label for row in catalogue.on_hand("PostgreSQL")] == three[1:]
    assert not (desk.folder / "store" / "PostgreSQL" / three[0]).exists()
    audit = LedgerEntry.objects.get(kind="audit")
    assert audit.content["removed"] == [three[0]]
    assert "2世代 と 1日を過ぎました" in desk.toban("list", "--all")


def test_the_commands_speak_english_too(desk: Desk, three: list[str]) -> None:
    with translation.override("en"):
        plan, listed = desk.toban("prune", "--dry-run"), desk.toban("list")
        refused = desk.toban("verify", "20200101T000000Z-full", status=1)

    assert "PostgreSQL: keep 2, remove 1" in plan
    assert f"remove  {three[0]}  Past 2世代 and 1日" in plan
    assert "That backup is not in the catalogue\nHINT: see the subjects in " in refused
    assert "not read back" in listed


def test_a_lost_catalogue_is_rebuilt_from_the_store(desk: Desk, three: list[str]) -> None:
    before = [catalogue.taken_of(row) for row in catalogue.on_hand("PostgreSQL")]
    Backup.objects.all().delete()

    told = desk.toban("import")
    again = desk.toban("import")

    assert "3 個を台帳に加えました" in told
    assert "0 個を台帳に加えました (既知 3 個)" in again
    assert [catalogue.taken_of(row) for row in catalogue.on_hand("PostgreSQL")] == before
    assert Backup.objects.filter(clause_id__contains="フルバックアップ").count() == 3


def test_import_reports_an_unreadable_description(desk: Desk, three: list[str]) -> None:
    (desk.folder / "store" / "PostgreSQL" / three[0] / "backup.json").write_text("{")
    Backup.objects.all().delete()

    told = desk.toban("import", status=1)

    assert f"PostgreSQL/{three[0]}/backup.json" in told
    assert len(catalogue.on_hand("PostgreSQL")) == 2


def test_a_backup_is_ordered_from_the_running_toban(desk: Desk) -> None:
    PlannedWork.objects.create(
        key="PostgreSQL/full", clause_id="c", rule="日次", planned_until=NOON, in_force=True
    )

    told = desk.toban("run", "PostgreSQL")

    run = Run.objects.get()
    assert run.work == "PostgreSQL/full"
    assert "toban why PostgreSQL/full" in told
    assert LedgerEntry.objects.get(kind="audit").content["order"] == "run"


def test_whose_shell_ordered_a_backup_is_one_who_ordered_it(desk: Desk) -> None:
    boss = Operator.objects.create_user(shell_user())
    PlannedWork.objects.create(
        key="PostgreSQL/full", clause_id="c", rule="日次", planned_until=NOON, in_force=True
    )

    desk.toban("run", "PostgreSQL")

    assert Run.objects.get().orderers == [boss.pk]


def test_an_order_that_no_worker_would_run_is_refused(desk: Desk) -> None:
    told = desk.toban("run", "PostgreSQL", "--incremental", status=1)

    assert "PostgreSQL/incremental" in told
    assert "HINT:" in told


def test_a_bucket_is_corrected_after_confirmation(
    desk: Desk,
    ministack: S3Server,
    bucket_of: BucketOf,
) -> None:
    config = bucket_of(ministack)
    desk.bind(
        f'[backups."S3ファイル"]\nkind = "versioning"\nbucket = "{config.bucket}"\n'
        f'region = "us-east-1"\nendpoint = "{ministack.url}"\n'
        f'access_key = "{config.access_key}"\nsecret_key = "{config.secret_key}"\n'
    )
    client = ministack.client()

    shown = desk.toban("fix-bucket", "S3ファイル", "--dry-run")
    desk.toban("fix-bucket", "S3ファイル", answer="n\n", status=1)
    before = client.get_bucket_versioning(Bucket=config.bucket).get("Status")
    fixed = desk.toban("fix-bucket", "S3ファイル", "--yes")
    again = desk.toban("fix-bucket", "S3ファイル")

    assert "変更  バージョニングを有効にする" in shown
    assert before is None
    assert "バージョニング有効、旧版 30日" in fixed
    assert "文書のとおりです" in again
    assert LedgerEntry.objects.get(kind="audit").content["event"] == "bucket-fixed"


def test_fixing_an_unbound_bucket_is_refused(desk: Desk) -> None:
    assert 'kind = "versioning"' in desk.toban("fix-bucket", "S3ファイル", status=1)


def test_an_unreadable_document_exits_with_status_2(desk: Desk) -> None:
    (desk.folder / "toban.toml").write_text("[backups.PostgreSQL]\nkind = 'no such'\n")

    assert "BD006" in desk.toban("prune", status=2)


@pytest.fixture
def elsewhere(desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`toban backup` in a shell that knows the home of a running Toban, but neither document nor keys."""
    settings.HOME = desk.folder / "home"
    monkeypatch.delenv("TOBAN_DESIGN", raising=False)
    monkeypatch.delenv("TOBAN_BINDINGS", raising=False)

    def called(*words: str) -> Result:
        return CliRunner().invoke(command, words, obj=PARTS, catch_exceptions=False)

    return called


def taken_up(desk: Desk) -> None:
    """Let a worker put the document in force, like `toban up` does."""
    design = desk.folder / "運用設計書.md"
    running = PARTS.in_force(in_force_folder(desk.folder / "home"), design)
    assert running.refresh() is not None
    running.keep()
    append(Record(LedgerEntry.Kind.DOCUMENT, {"in_force": str(design)}), now=NOON)


def test_another_shell_uses_the_version_in_force_of_the_running_toban(
    desk: Desk, three: list[str], elsewhere: Callable[..., Result]
) -> None:
    before = elsewhere("prune", "--dry-run")
    taken_up(desk)
    # A half-written file is not in force yet.
    (desk.folder / "toban.toml").write_text("[backups]\nPostgre")

    after = elsewhere("prune", "--dry-run")

    assert (before.exit_code, after.exit_code) == (2, 0), after.output
    assert "TOBAN_HOME" in before.output
    assert "PostgreSQL: 残す" in after.output


def test_a_shell_that_names_bindings_reads_back_by_them(
    desk: Desk, three: list[str], elsewhere: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_up(desk)
    (desk.folder / "other").mkdir()
    other = desk.folder / "other.toml"
    other.write_text(BINDINGS.replace('"store"', '"other"'))
    in_force = elsewhere("verify", three[-1])

    monkeypatch.setenv("TOBAN_BINDINGS", str(other))
    named = elsewhere("verify", three[-1])

    # The other store has no such backup.
    assert (in_force.exit_code, named.exit_code) == (0, 1), named.output


def test_another_shell_finds_a_store_given_relative_to_the_bindings(
    desk: Desk, three: list[str], elsewhere: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    running = PARTS.in_force(in_force_folder(desk.folder / "home"), Path("運用設計書.md"))
    assert running.refresh() is not None
    running.keep()
    append(Record(LedgerEntry.Kind.DOCUMENT, {"in_force": "運用設計書.md"}), now=NOON)
    (desk.folder / "deeper").mkdir()
    monkeypatch.chdir(desk.folder / "deeper")

    verified = elsewhere("verify", three[-1])

    assert verified.exit_code == 0, verified.output


def test_another_shell_reports_which_secrets_it_lacks(
    desk: Desk, three: list[str], elsewhere: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = pyrage.x25519.Identity.generate()
    lines = f'path = "store"\nencrypt_to = ["{identity.to_public()}"]\nidentity = "env:TOBAN_TEST_KEY"'
    (desk.folder / "toban.toml").write_text(BINDINGS.replace('path = "store"', lines))
    taken_up(desk)
    lacking = elsewhere("prune", "--dry-run")
    monkeypatch.setenv("TOBAN_TEST_KEY", str(identity))

    complete = elsewhere("prune", "--dry-run")

    assert "この端末にないもの: env:TOBAN_TEST_KEY\nHINT: " in lacking.output
    assert "この端末にないもの" not in complete.output


def test_backing_up_the_state_reports_which_secrets_the_store_lacks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = pyrage.x25519.Identity.generate()
    lines = f'path = "store"\nencrypt_to = ["{identity.to_public()}"]\nidentity = "env:TOBAN_TEST_KEY"'
    (desk.folder / "toban.toml").write_text(BINDINGS.replace('path = "store"', lines))
    lacking = desk.toban("self", "--list")
    monkeypatch.setenv("TOBAN_TEST_KEY", str(identity))

    complete = desk.toban("self", "--list")

    assert "「倉庫」の秘密のうち、この端末にないもの: env:TOBAN_TEST_KEY\nHINT: " in lacking
    assert "この端末にないもの" not in complete


def test_fixing_a_bucket_reports_which_secrets_are_missing(desk: Desk, ministack: S3Server) -> None:
    desk.bind(
        f'[backups."S3ファイル"]\nkind = "versioning"\nbucket = "none"\nregion = "us-east-1"\n'
        f'endpoint = "{ministack.url}"\naccess_key = "env:TOBAN_TEST_ID"\nsecret_key = "env:TOBAN_TEST_KEY"\n'
    )

    told = desk.toban("fix-bucket", "S3ファイル", "--dry-run", status=1)

    assert "この端末にないもの: env:TOBAN_TEST_ID、env:TOBAN_TEST_KEY\nHINT: " in told
