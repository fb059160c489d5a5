"""What Toban writes follows the ledgers too: hosts that were found, versions that serve, deputies."""

import pytest
from tests.integration.chapters.documents.place import DAY, DOCUMENT, HOUR, Place
from tests.registered import PARTS

from toban.chapters.documents.written.exporting import export
from toban.chapters.monitoring.models import MonitorState
from toban.chapters.release.models import Release, StoredArtifact
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.duty import overrides
from toban.engine.notify.models import DutyOverride

WATCHED = (
    DOCUMENT
    + """
## 2. 監視設定
### システム監視
| 監視対象 | 監視項目 | 警告 | 異常 |
|---|---|---|---|
| Web | CPU使用率 | 70%以上 | 90%以上 |
| Web | ディスク使用率 | 70%以上 | 90%以上 |
## 5. デプロイ・リリース
### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|---|---|---|---|
| 本番環境 | 手動 | リリース予定日時 | 運用責任者 |
"""
)
BINDINGS = """
[people."運用責任者"]
account = "sato"
name = "佐藤"
[people."代理"]
name = "高江洲"

[[targets.Web.discovery]]
kind = "file"
path = "hosts"
source = {{ kind = "prometheus", url = "http://${{address}}/metrics" }}

[releases.shop]
kind = "git"
url = "https://git.example.com/shop.git"
[deployments."本番環境"]
kind = "command"
serving = ["true"]
deploy = ["true"]

[documents."障害対応手順書"]
kind = "written"
writes = "{writes}"
folder = "out"
"""


def begin(place: Place, writes: str) -> str:
    (place.folder / "out").mkdir(exist_ok=True)
    place.take(WATCHED, BINDINGS.replace("{writes}", writes))
    return again(place, writes)


def again(place: Place, writes: str) -> str:
    """Let the loop write, and return what stands in the file then."""
    export(place.plan, place.edition, PARTS, place.now)
    return (place.folder / "out" / f"{writes}.md").read_text()


def writings() -> int:
    return LedgerEntry.objects.filter(content__event="document-written").count()


def measured(place: Place, row: str, *instances: str) -> None:
    """Have exactly *instances* measured for *row*, as monitoring writes it."""
    clause = f"monitoring/monitor/Web/{row}"
    assert clause in {each.id for each in place.edition.design.clauses}
    MonitorState.objects.filter(clause_id=clause).delete()
    for each in instances:
        MonitorState.objects.create(
            clause_id=clause, instance=each, condition="ok", began_at=place.now, reason="measured"
        )


def test_a_host_that_discovery_finds_comes_into_the_diagram_and_leaves_it(place: Place) -> None:
    assert "web-1" not in begin(place, "diagram")

    measured(place, "CPU使用率", "web-1", "web-2")
    measured(place, "ディスク使用率", "web-1 /", "web-1 /var", "web-2 /")
    text = again(place, "diagram")

    assert 'n0["Web<br>web-1<br>web-2"]' in text
    assert ">web-2<" in (place.folder / "out" / "diagram.svg").read_text()
    assert writings() == 2

    measured(place, "CPU使用率", "web-2")
    measured(place, "ディスク使用率", "web-2 /")
    assert "web-1" not in again(place, "diagram")
    assert writings() == 3

    place.now += HOUR / 2
    again(place, "diagram")
    assert writings() == 3


def test_the_version_that_serves_is_in_the_diagram_once_it_serves(place: Place) -> None:
    assert "動いている版" not in begin(place, "diagram")

    artifact = StoredArtifact.objects.create(
        service="shop", commit="a1", label="v2.0.1", ordered_at=place.now
    )
    release = Release.objects.create(
        service="shop", environment="本番環境", deployment="本番環境", artifact=artifact, clause_id="x",
        document_digest="", ordered_by="sato", planned_at=place.now, ordered_at=place.now,
        kind=Release.Kind.REGULAR, state=Release.State.RUNNING,
    )  # fmt: skip
    assert "v2.0.1" not in again(place, "diagram")

    release.state, release.served_at = Release.State.WATCHED, place.now
    release.save()
    assert "| 本番環境 | 本番環境 | v2.0.1 | 2026-11-30 10:00 |" in again(place, "diagram")


@pytest.mark.parametrize("writes", ["contacts", "incidents"])
def test_a_deputy_is_written_until_they_end_and_why_is_not(place: Place, writes: str) -> None:
    begin(place, writes)
    bindings = place.edition.bindings
    overrides.override(
        "運用責任者", "代理", "通院のため", starts_at=place.now + DAY, ends_at=place.now + 2 * DAY,
        by="sato", now=place.now, design=place.edition.design, bindings=bindings,
    )  # fmt: skip

    text = again(place, writes)
    assert "| 運用責任者 | 高江洲 | 2026-12-01 10:00 | 2026-12-02 10:00 |" in text
    assert "通院" not in text

    place.now += 2 * DAY
    assert "2026-12-01" not in again(place, writes)


def test_a_deputy_made_by_who_was_locked_out_since_is_not_written(place: Place) -> None:
    begin(place, "contacts")
    overrides.override(
        "運用責任者", "代理", "通院のため", starts_at=place.now, ends_at=place.now + DAY,
        by="sato", now=place.now, design=place.edition.design, bindings=place.edition.bindings,
    )  # fmt: skip
    assert "代わりに当番をする人" in again(place, "contacts")
    assert DutyOverride.objects.get().account == place.account

    place.account.lockouts += 1
    place.account.save()
    assert "代わりに当番をする人" not in again(place, "contacts")
