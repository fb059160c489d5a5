"""The kinds of remedies: commands on other hosts, batches, groups, rollbacks."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.integration.chapters.incident.remedies.mended import API, DB, DOCUMENT, WEB, Mended
from tests.integration.remote_host import serving
from tests.registered import PARTS
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.incident.remedies import ordered, shift
from toban.chapters.incident.remedies.kinds import rollback, scale
from toban.chapters.incident.remedies.kinds.command import CommandRemedy
from toban.chapters.incident.remedies.kinds.rollback import RollbackRemedy
from toban.chapters.incident.remedies.kinds.scale import ScaleRemedy
from toban.chapters.incident.remedies.kinds.ssh import KIND, SshRemedy
from toban.chapters.incident.remedies.remedy import RemedyFailed, RemedySite
from toban.chapters.incident.remedies.shift import trials
from toban.engine.evidence.models import LedgerEntry
from toban.engine.instances.offered import GROUPS, ROLLBACKS, InstanceCount, NotRolledBack, RollbackWish
from toban.engine.notify.signal import Condition
from toban.engine.registry.ports import Ports
from toban.engine.runs.models import Run
from toban.engine.runs.work import RunTurn
from toban.message import NOTHING, Message, plain

pytestmark = pytest.mark.django_db

CLEANUP, SCALE = "ログクリーンアップ", "スケールアウト"
LOGS = """## 3. ログ設計
### ログ種別
| ログ種別 | 出力先 | 保存期間 |
|---|---|---|
| アクセスログ | /var/log/nginx/access.log | 90日 |
## 4. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行スケジュール | 処理内容 |
|---|---|---|---|
| B002 | ログクリーンアップ | 日次 3:00 | 期限切れログ削除 |
"""


def test_a_command_mends_the_host_that_goes_by_the_name_of_the_instance(tmp_path: Path) -> None:
    with serving("openssh") as host:
        note = host.folder / "notes"
        note.touch()
        note.chmod(0o666)
        config = SshRemedy.model_validate(
            {
                "hosts": [host.name],
                "port": host.port,
                "user": host.user,
                "key": f"file:{host.key}",
                "known_hosts": str(host.write_known_hosts()),
                "command": ["sh", "-c", f'echo "$0 $BATCH_INSTANCE" >> {note}; echo done', "{target}"],
                "rehearsal": ["sh", "-c", "echo nginx is dead"],
            }
        )
        site: Any = None
        remedy, turn = KIND.open(config, site), FakeTurn(parameters={"target": WEB, "instance": "web-1"})

        assert "nginx is dead" in str(remedy.rehearse(turn).said)
        assert note.read_text() == ""
        remedy.apply(turn, {})
        assert note.read_text() == f"{WEB} web-1\n"
        assert turn.said == ["done"]
        assert list(KIND.doubts(config, site)) == []
        assert KIND.bound(config).startswith(f"{host.user}@{host.name}")
        (missing,) = KIND.doubts(config.model_copy(update={"command": ("no-such-command",)}), site)
        assert isinstance(missing, tuple)
        assert "に「no-such-command」がありません" in str(missing[0])


@pytest.mark.parametrize(
    ("instance", "host"),
    [("web-2", "web-2.example.com"), ("web-2.example.com", "web-2.example.com"), ("web-3", None), ("", None)],
)
def test_an_instance_without_a_host_of_its_name_is_not_mended(instance: str, host: str | None) -> None:
    config = SshRemedy.model_validate(
        {
            "hosts": ["web-1.example.com", "web-2.example.com"],
            "user": "u",
            "key": "file:k",
            "known_hosts": "k",
            "command": ["restart"],
        }
    )
    site: Any = None

    assert config.host_of(instance) == host
    if host is None:
        with pytest.raises(RemedyFailed, match=r"どれかわかりません|どれか"):
            KIND.open(config, site).rehearse(FakeTurn(parameters={"target": WEB, "instance": instance}))


@pytest.mark.parametrize(
    "command", [("sh", "-c", "restart {target}"), ("sh", "-c", "{instance}"), ("{target}",)], ids=str
)
def test_a_place_that_would_be_code_is_refused(command: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        CommandRemedy.model_validate({"command": command})
    with pytest.raises(ValidationError):
        CommandRemedy.model_validate({"command": ("x",), "rehearsal": command})


def other_worker(mended: Mended, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another worker act while a remedy waits for its run."""

    def sleep(_seconds: float) -> None:
        mended.now += timedelta(milliseconds=1)
        mended.work()

    monkeypatch.setattr(ordered, "system_clock", lambda: mended.now)
    monkeypatch.setattr(time, "sleep", sleep)


def test_a_cleanup_deletes_what_is_expired_and_keeps_what_retention_keeps(
    mended: Mended, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = mended.folder / "log"
    logs.mkdir()
    old, kept = logs / "access.log.2", logs / "access.log.1"
    for path, days in ((old, 91), (kept, 89)):
        path.write_text("lines\n")
        at = (mended.now - timedelta(days=days)).timestamp()
        os.utime(path, (at, at))
    bindings = f"""
[batches.B002]
kind = "cleanup"
[batches.B002.paths]
"アクセスログ" = "log/access*"
[remedies."{CLEANUP}"]
kind = "batch"
batch = "B002"
mode = "act"
"""
    mended.take(bindings, DOCUMENT.replace("## 7.", LOGS + "## 7."))
    other_worker(mended, monkeypatch)
    mended.report(DB, "disk_usage_percent", Condition.CRITICAL)

    mended.go()

    assert (old.exists(), kept.exists()) == (False, True)
    batch, remedy = Run.objects.get(work="B002", state="done"), mended.runs(CLEANUP)[0]
    assert batch.ordered_by == f"remedy/{CLEANUP}"
    assert remedy.state == Run.State.DONE
    assert f"実行 {batch.pk}" in str(remedy.note)
    assert LedgerEntry.objects.filter(content__cleared="アクセスログ").count() == 1
    assert [list(each.doubts()) for each in trials(mended.plan, mended.edition)] == [[]]


def test_a_batch_that_was_ordered_before_the_worker_died_is_not_ordered_again(
    mended: Mended, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'[batches.B002]\nkind = "command"\ncommand = ["sh", "-c", "echo x >> {mended.folder}/notes"]\n'
    mended.take(text, DOCUMENT.replace("## 7.", LOGS + "## 7."))
    other_worker(mended, monkeypatch)
    turn = FakeTurn(due_at=mended.now)
    run = ordered.OrderedRun("B002", CLEANUP)

    first, second = run.carry_out({}, turn), run.carry_out({}, turn)

    assert first == second
    assert (mended.folder / "notes").read_text() == "x\n"
    later = FakeTurn(due_at=mended.now + timedelta(seconds=1))
    mended.now += timedelta(seconds=2)
    run.carry_out({}, later)
    assert (mended.folder / "notes").read_text() == "x\n" * 2


def test_a_batch_that_fails_fails_the_remedy(mended: Mended, monkeypatch: pytest.MonkeyPatch) -> None:
    mended.take(
        '[batches.B002]\nkind = "command"\ncommand = ["false"]\n', DOCUMENT.replace("## 7.", LOGS + "## 7.")
    )
    other_worker(mended, monkeypatch)

    with pytest.raises(RemedyFailed) as failed:
        ordered.OrderedRun("B002", CLEANUP).carry_out({}, FakeTurn(due_at=mended.now, stop_after="never"))

    assert "B002" in str(failed.value)


@pytest.mark.parametrize(
    ("batch", "more", "said"),
    [
        ("B009", "", "[batches.B009] がありません"),
        ("B002", 'approval = "運用責任者"', "承認を待ちます"),
        ("B002", "", "no_such"),
    ],
)
def test_a_batch_that_nobody_can_order_is_doubtful(mended: Mended, batch: str, more: str, said: str) -> None:
    given = '[remedies."ログクリーンアップ".parameters]\nno_such = "1"\n' if said == "no_such" else ""
    mended.take(
        f'[batches.B002]\nkind = "cleanup"\n{more}\n[batches.B002.paths]\n"アクセスログ" = "a*"\n'
        f'[remedies."{CLEANUP}"]\nkind = "batch"\nbatch = "{batch}"\n{given}',
        DOCUMENT.replace("## 7.", LOGS + "## 7."),
    )

    (trial,) = trials(mended.plan, mended.edition)
    (doubt,) = trial.doubts()

    assert said in str(doubt[0] if isinstance(doubt, tuple) else doubt)
    assert trial.finding(doubt).code == "LV012"


@dataclass
class Offered:
    """A group and a deployment, as other chapters offer them."""

    wanted: int = 2
    key: str = "scale/web"
    fails: bool = False
    wishes: list[RollbackWish] = field(default_factory=list)

    def size(self) -> InstanceCount:
        return InstanceCount(self.wanted, self.wanted, 4)

    def under_way(self) -> Message:
        return NOTHING

    def way_back(self) -> Message:
        if self.fails:
            raise NotRolledBack((plain("nothing"), plain("release first")))
        return plain("back to 1.0")

    def roll_back(self, wish: RollbackWish, _turn: RunTurn) -> Message:
        self.wishes.append(wish)
        return plain("1.0 serves")


HERE = Offered()


def find(_edition: object, name: str) -> Offered | None:
    return HERE if name == "web" else None


@pytest.fixture
def site() -> Callable[[], RemedySite]:
    HERE.wanted, HERE.fails = 2, False
    HERE.wishes.clear()
    ports = Ports([{GROUPS: f"{__name__}:find", ROLLBACKS: f"{__name__}:find"}])
    edition: Any = None
    return lambda: RemedySite("直す", API, Path(), Path(), ports, edition)


def test_a_group_gets_so_many_more_as_the_binding_says_and_a_repeat_adds_no_more(
    site: Callable[[], RemedySite], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Mapping[str, str]] = []

    def carry_out(_self: object, parameters: Mapping[str, str], _turn: RunTurn) -> Message:
        given.append(parameters)
        HERE.wanted = int(parameters["to"])
        return plain("done")

    monkeypatch.setattr(ordered.OrderedRun, "carry_out", carry_out)
    remedy = scale.KIND.open(ScaleRemedy.model_validate({"group": "web", "add": 1}), site())
    looked = remedy.rehearse(FakeTurn())

    for _ in range(2):
        remedy.apply(FakeTurn(), looked.facts)

    assert given == [{"to": "3"}] * 2
    assert str(looked.said) == "web を 2 台から 3 台にします"
    HERE.wanted = 4
    with pytest.raises(RemedyFailed, match="すでに上限の 4 台です"):
        remedy.rehearse(FakeTurn())


def test_a_rollback_says_where_it_goes_and_why(site: Callable[[], RemedySite]) -> None:
    remedy = rollback.KIND.open(RollbackRemedy.model_validate({"deployment": "web"}), site())

    assert str(remedy.rehearse(FakeTurn()).said) == "back to 1.0"
    assert HERE.wishes == []
    assert str(remedy.apply(FakeTurn(), {})) == "1.0 serves"
    (wish,) = HERE.wishes
    assert (wish.by, str(wish.why)) == ("remedy/直す", f"{API} の対処: 直す")
    HERE.fails = True
    with pytest.raises(RemedyFailed, match="nothing"):
        remedy.rehearse(FakeTurn())


def test_what_no_chapter_offers_is_doubtful(site: Callable[[], RemedySite]) -> None:
    (group,) = scale.KIND.doubts(ScaleRemedy.model_validate({"group": "api"}), site())
    (deployment,) = rollback.KIND.doubts(RollbackRemedy.model_validate({"deployment": "api"}), site())

    assert isinstance(group, tuple)
    assert "群「api」はありません" in str(group[0])
    assert isinstance(deployment, tuple)
    assert "デプロイ「api」はありません" in str(deployment[0])


def test_the_group_of_chapter_9_is_offered(mended: Mended) -> None:
    count = [sys.executable, "-c", "print(2)"]
    mended.take(
        f'[scaling."APIサーバー"]\nkind = "command"\nresize = ["true", "{{to}}"]\nmost = 3\n'
        f"count = {count!r}\n".replace("'", '"')
        + f'[remedies."{SCALE}"]\nkind = "scale"\ngroup = "APIサーバー"\n',
        DOCUMENT
        + "## 9. キャパシティ管理\n### スケーリング\n| トリガー | アクション | タイミング |\n|---|---|---|\n"
        "| CPU使用率70%が30分継続 | APIサーバー1台追加 | 自動 |\n",
    )

    (group,) = [find(mended.edition, "APIサーバー") for find in PARTS.ports.all(GROUPS)]

    assert group is not None
    assert (group.key, group.size()) == ("scale/APIサーバー", InstanceCount(2, 2, 3))
    assert [list(each.doubts()) for each in trials(mended.plan, mended.edition)] == [[]]


def test_nothing_is_done_while_a_release_of_the_deployment_is_under_way(
    mended: Mended, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = f'command = ["sh", "-c", "echo x >> {mended.folder}/notes"]'
    mended.take(
        f'[remedies."プロセス再起動"]\nkind = "command"\nmode = "act"\ndeployment = "web"\n{command}\n'
    )
    ports = Ports([{ROLLBACKS: f"{__name__}:find"}])
    monkeypatch.setattr(Mended, "turn", lambda self: shift.turn(self.plan, self.edition, ports, self.now))
    monkeypatch.setattr(Offered, "under_way", lambda _self: plain("リリース 7"))
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()
    assert mended.uses() == []

    monkeypatch.setattr(Offered, "under_way", lambda _self: NOTHING)
    mended.go()
    assert (mended.folder / "notes").read_text() == "x\n"
