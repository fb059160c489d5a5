"""The crontab of another host, read by SSH from a real server, and tried before the night."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.remote_host import RemoteHost, new_public_key, serving
from tests.registered import PARTS

from toban.chapters.batch.crontabs.bindings import CRONTABS
from toban.chapters.batch.crontabs.reading import CrontabUnknown, ReadCrontab
from toban.chapters.batch.operation import OPERATION
from toban.design.clauses.batch import Batch
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition

DOCUMENT = """# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|
| B001 | 集計 | 日次 2:00 | 集計 | アラート |
"""


@pytest.fixture(params=["openssh", "asyncssh"])
def host(request: pytest.FixtureRequest) -> Iterator[RemoteHost]:
    with serving(request.param) as running:
        (running.folder / "crontab").write_text("30 2 * * * /srv/aggregate B001\n", encoding="utf-8")
        (running.folder / "crontab").chmod(0o644)
        yield running


def edition(host: RemoteHost, file: str = "crontab", known: Path | None = None) -> Edition:
    text = f"""
[crontabs.batch-1]
path = "{host.folder / file}"

[crontabs.batch-1.ssh]
host = "{host.name}"
port = {host.port}
user = "{host.user}"
key = "file:{host.key}"
known_hosts = "{known or host.write_known_hosts()}"
"""
    bindings = read_bindings(text, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(DOCUMENT, "x.md"), bindings, PARTS.kinds)


def crontab(found: Edition) -> ReadCrontab:
    return ReadCrontab("batch-1", CRONTABS.of(found.bindings)["batch-1"])


def doubts(found: Edition) -> list[str]:
    return [str(each) for trial in OPERATION.trials(found, system_clock()) for each in trial.doubts()]


def test_the_line_of_another_host_is_found(host: RemoteHost) -> None:
    found = edition(host)
    (batch,) = found.design.of(Batch)

    job = crontab(found).job_of(batch)

    assert job is not None
    assert job.when == "30 2 * * *"
    assert doubts(found) == []


def test_a_crontab_that_the_host_does_not_have_is_unknown(host: RemoteHost) -> None:
    found = edition(host, "gone")
    (batch,) = found.design.of(Batch)

    with pytest.raises(CrontabUnknown, match=host.name):
        crontab(found).job_of(batch)
    assert len(doubts(found)) == 1


def test_a_host_with_another_key_is_not_asked(host: RemoteHost) -> None:
    found = edition(host, known=host.write_known_hosts(new_public_key()))
    (batch,) = found.design.of(Batch)

    with pytest.raises(CrontabUnknown):
        crontab(found).job_of(batch)
