"""Two nodes of one PostgreSQL that release to two hosts by SSH, a repository over HTTP, a mail server."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.rows import dict_row
from tests.e2e.faults.parts import Mail, Program
from tests.e2e.running import wait_for
from tests.integration.chapters.release import git_host
from tests.integration.chapters.release.engines.ssh.fleet import Machine, Machines, machines
from tests.integration.chapters.release.git_host import Repository
from tests.integration.faces.ingest.served import Served, serving

STAGING = "ステージング環境"
TO_STAGING = f"release/deploy-rule/{STAGING}"
DOCUMENT = """# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 24時間365日 |
| 開発担当者 | 比嘉 | 24時間365日 |

## 2. 監視

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 運用責任者 | メール | 即時 |

## 5. デプロイ・リリース

### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|---|---|---|---|
| ステージング環境 | 自動 | releaseブランチ作成時 | 不要 |

### ロールバック手順
1. 問題検知 → 運用責任者判断
2. 前バージョンへ切り戻し (5分以内)
3. 動作確認
"""
BINDINGS = """
[releases.shop]
url = "{git}/shop.git"
poll = "1秒"
build = ["sh", "-c", "sleep 2; cp -r . \\"$RELEASE_OUT\\""]

[deployments."ステージング環境"]
kind = "ssh"
hosts = {hosts}
port = {port}
user = "{user}"
key = "file:{folder}/key"
known_hosts = "{folder}/known_hosts"
path = "shop"
restart = ["sh", "-c", "sleep 2; cp version ../../../served"]
restart_within = "15秒"
connect_timeout = "3秒"
watch = "3秒"
drill = "毎月第1営業日 10:00"

[deployments."ステージング環境".health]
url = "http://{{instance}}:{health}/health"

[channels.mail]
kind = "email"
host = "127.0.0.1"
port = {mail}
security = "none"
sender = "toban@example.com"

[people."運用責任者"]
email = "nami@example.com"

[people."開発担当者"]
email = "kai@example.com"
"""
"""Both commands are slow, so that there is time to kill somebody in between."""
_RUN = "SELECT id, state, step, holder, losses, note FROM runs_run WHERE work = %s ORDER BY id DESC LIMIT 1"
_NEWEST = (
    "SELECT r.id, r.kind, r.state, a.label, r.note, r.served_at, r.run FROM release_release r"
    " JOIN release_storedartifact a ON a.id = r.artifact_id ORDER BY r.id DESC LIMIT 1"
)


@dataclass
class Nodes:
    """The nodes, the hosts, and who is told."""

    served: Served
    workers: Sequence[Program]
    shops: Machines
    repository: Repository
    mail: Mail

    def ask(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Return the rows of *sql* on the state database."""
        with psycopg.connect(f"host={self.served.state['PGHOST']} user=postgres dbname=postgres") as made:
            return made.cursor(row_factory=dict_row).execute(sql.encode(), values).fetchall()

    def push(self, version: str, files: Mapping[str, str | bytes] | None = None) -> None:
        """Make *version*, with a release branch of its own: the document has it released by itself."""
        message = f"shop: {version}\n\nReviewed-by: Kei <kei@example.com>"
        self.repository.commit(message, {"version": f"{version}\n", **(files or {})})
        self.repository.git("tag", version)
        self.repository.push(version, f"HEAD:refs/heads/release/{version}")

    def newest(self) -> dict[str, Any]:
        """Return the newest release; empty if there is none."""
        return next(iter(self.ask(_NEWEST)), {})

    def released(self, version: str, *, within: float = 90) -> None:
        """Wait until *version* has been released, and serves everywhere."""
        wait_for(lambda: self._has_ended(version), within=within)
        assert self.shops.versions() == {version}, self.newest()

    def _has_ended(self, version: str) -> bool:
        found = self.newest()
        is_it = found.get("label") == version
        assert not is_it or found["state"] not in ("failed", "aborted"), found
        return is_it and found["state"] in ("watched", "done")

    def run(self, work: str) -> dict[str, Any]:
        """Return the newest run of *work*; empty if there is none."""
        return next(iter(self.ask(_RUN, work)), {})

    def killed_at(self, work: str, step: str, *, both: bool = False) -> int:
        """kill -9 the worker that is at *step* of *work*, or *both* workers; return the run's number."""

        def at_work() -> dict[str, Any] | None:
            found = self.run(work)
            return found if (found.get("state"), found.get("step")) == ("running", step) else None

        run = wait_for(at_work, within=60)
        assert run is not None
        for worker in self.workers:
            if both or run["holder"].endswith(f"/{worker.pid}"):
                worker.kill()
        return int(run["id"])

    def bring_back(self) -> None:
        """Start the workers that were killed."""
        for worker in self.workers:
            if not psutil.pid_exists(worker.pid):
                worker.start()

    def order(self, *arguments: str) -> str:
        """Give an order by a command, and return what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "toban", *arguments],
            env=self.served.environment, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def verdict(self, row: str = TO_STAGING) -> str:
        """Return the verdict on *row*."""
        found = self.ask("SELECT verdict FROM evidence_clausestatus WHERE clause_id = %s", row)
        return str(found[0]["verdict"]) if found else ""

    def locks(self) -> list[dict[str, Any]]:
        return self.ask("SELECT deployment, owner FROM release_deploymentlock")


def freeze(machine: Machine) -> list[psutil.Process]:
    """Have nothing on *machine* answer any more, as if its cable were cut; return what is frozen."""
    config = str(machine.host.folder / "sshd_config")
    servers = [each for each in psutil.process_iter() if config in _command(each)]
    found = [*servers, *(child for each in servers for child in each.children(recursive=True))]
    for each in found:
        each.suspend()
    return found


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def nodes(folder: Path, state: Mapping[str, str]) -> Iterator[Nodes]:
    """Run all of them inside the block."""
    with ExitStack() as running:
        shops = running.enter_context(machines(folder, 2))
        repository = Repository.make(folder)
        host = running.enter_context(git_host.serving(folder / "served"))
        mail = Mail().start()
        running.callback(mail.stop)
        first = shops.all[0].host
        bindings = BINDINGS.format(
            git=host.url,
            hosts=[each.name for each in shops.all],
            port=first.port,
            user=first.user,
            folder=folder,
            health=shops.health_port,
            mail=mail.port,
        )
        known = {name: state[name] for name in ("TOBAN_STATE_URL", "PGHOST")}
        served = running.enter_context(serving(_home(folder, 1), DOCUMENT, bindings, state=known))
        workers = [_worker(served, home) for home in (served.home, _home(folder, 2))]
        for worker in workers:
            running.callback(worker.start().kill)
        served.session = ""
        yield Nodes(served, workers, shops, repository, mail)


def _home(folder: Path, number: int) -> Path:
    home = folder / f"node-{number}"
    home.mkdir()
    return home


def _worker(served: Served, home: Path) -> Program:
    environment = {**served.environment, "TOBAN_HOME": str(home), "PATH": os.environ["PATH"]}
    return Program([sys.executable, "-m", "toban", "worker"], home / "log", environment)
