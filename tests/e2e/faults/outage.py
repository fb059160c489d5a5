"""A shop that goes down and has a remedy, so that a test can take away what answers in the middle of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import override

from tests.e2e.running import CHANNELS, Toban, wait_for

FAILURE = "店ダウン"
DOCUMENT = """# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 なみ | 24時間365日 |
| 開発担当者 | 江藤 かい | 24時間365日 |

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| 店 | 死活 | 応答あり | - | 応答なし | 10秒 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | Slack、メール | 即時 |
| 警告 (Warning) | 開発担当者 | Slack、メール | 即時 |

## 7. 障害対応

### 障害レベル定義
| レベル | 定義 | 対応時間 |
|---|---|---|
| Critical | 店が開かない | 即時対応 (1時間以内復旧) |
| High | 主要機能停止 | 1時間以内対応、4時間以内復旧 |

### 障害対応フロー
1. 検知
2. 関係者への連絡
3. 原因を追う
4. 止血
5. 報告書を書く

### 主要障害パターンと対処
| 障害パターン | 原因 | 対処 |
|---|---|---|
| 店ダウン | プロセスの停止 | 再起動 |
"""
BINDINGS = """
[people."運用責任者"]
name = "上原 なみ"
email = "nami@example.com"
slack = "U0NAMI"
account = "admin"

[people."開発担当者"]
name = "江藤 かい"
email = "kai@example.com"
slack = "U0KAI"

[targets]
"店".sources = [{{ kind = "http", url = "{url}" }}]

[remedies."再起動"]
kind = "command"
mode = "act"
most = 100
rehearsal = ["sh", "act", "look", "{look}"]
command = ["sh", "act", "apply", "{apply}", "touch whole"]

[faults."店ダウン"]
break = ["sh", "act", "break", "{breaks}", "rm -f whole"]
restore = ["sh", "act", "restore", "{restore}", "touch whole"]
"""
ACT = """
echo "$1 began" >> notes
sleep "$2"
${3:-true} && echo "$1 ended" >> notes
"""
"""What every command of the shop is: it says when it begins, takes its time, acts, and says when it ends."""


class Shop:
    """A server whose answers are good while the file `whole` is there; it knows which commands were run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mend()

    @property
    def is_whole(self) -> bool:
        """Whether it serves."""
        return (self.folder / "whole").exists()

    def fail(self) -> None:
        """Go down."""
        (self.folder / "whole").unlink()

    def mend(self) -> None:
        """Serve again, whoever has mended it before."""
        (self.folder / "whole").touch()

    def count(self, act: str) -> int:
        """Return how often *act* is in the notes of the commands: `apply began`."""
        notes = self.folder / "notes"
        return notes.read_text().splitlines().count(act) if notes.exists() else 0

    def forget(self) -> None:
        """Begin new notes."""
        (self.folder / "notes").write_text("")


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Shop, str]]:
    """Serve the shop of *folder*; yields it and its URL."""
    shop = Shop(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if shop.is_whole else 503)
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield shop, f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def watching(folder: Path, url: str, *, smtp: int, slack: str, **seconds: float) -> Toban:
    """Return a Toban that watches the shop at *url*; *seconds* are what its commands take. Not started."""
    (folder / "act").write_text(ACT)
    (folder / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    took = {"look": 0.0, "apply": 0.0, "breaks": 0.0, "restore": 0.0, **seconds}
    (folder / "toban.toml").write_text(
        BINDINGS.format(url=url, **took) + CHANNELS.format(smtp_port=smtp), encoding="utf-8"
    )
    return Toban(
        folder / "home",
        folder / "toban.toml",
        slack=slack,
        design=folder / "運用設計書.md",
        environment={"NO_PROXY": "127.0.0.1"},
    )


VERDICT = "SELECT verdict FROM evidence_clausestatus WHERE clause_id = 'monitoring/monitor/店/死活'"
OPEN_ALERTS = (
    "SELECT count(*) FROM notify_alert WHERE resolved_at IS NULL AND clause_id = 'monitoring/monitor/店/死活'"
)
"""Those of the shop: that a remedy was needed twice within an hour stays open, for people."""


def await_calm(toban: Toban) -> None:
    """Wait until the shop is measured as well, and no alert about it is open any more."""
    wait_for(lambda: toban.state(VERDICT) == [("conforming",)], within=120)
    wait_for(lambda: toban.state(OPEN_ALERTS) == [(0,)], within=120)
