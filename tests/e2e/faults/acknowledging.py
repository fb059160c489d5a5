"""A Toban with a client of each kind, and the count of what it lost or doubled of what it acknowledged."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.attack import KEY, TOKEN
from tests.e2e.faults.clients import Alerts, Client, Errors, Lines, Pings, Readings, Records, Spans
from tests.e2e.running import Toban, wait_for
from tests.ports import free_port

OWN_TOKEN, OWN_KEY = "faults-token-of-this-test", "f" * 32
PINGED = ["B001", "B002"]
ROW = "monitoring/monitor/Webサーバー/メモリ使用率"
DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Webサーバー | メモリ使用率 | 0-70% | 80% | 90% | 10秒 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 情報 (Info) | 開発担当者 | メール | 即時 |

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
""" + "\n".join(f"| {key} | 連携{key} | 1時間毎 | - | 外の cron | アラート |" for key in PINGED)
BINDINGS = """
[senders.own]
token = "file:own-token"
may = ["logs", "metrics", "traces", "alerts"]

[senders.any]
token = "file:token"
may = ["logs", "metrics", "traces", "alerts"]

[errors.own]
project = 2
key = "file:own-key"
rate = 100000

[errors.shop]
project = 1
key = "file:key"
rate = 100000

[targets."Webサーバー"]
sources = [{ kind = "pushed", sender = "own", instance = "faults-1" }]
""" + "".join(f'\n[batches.{key}]\nkind = "ping"\ntoken = "file:ping-{key}"\n' for key in PINGED)


def ping(key: str) -> str:
    return f"faults-ping-of-{key}"


@contextmanager
def running(folder: Path, home: Path) -> Iterator[Toban]:
    """Run a Toban that the clients and the attackers may send to."""
    secrets = {"own-token": OWN_TOKEN, "own-key": OWN_KEY, "token": TOKEN, "key": KEY}
    for name, secret in {**secrets, **{f"ping-{key}": ping(key) for key in PINGED}}.items():
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    (folder / "運用設計書.md").write_text(DOCUMENT)
    (folder / "toban.toml").write_text(BINDINGS)
    toban = Toban(home, folder / "toban.toml", design=folder / "運用設計書.md", port=free_port())
    try:
        toban.start()
        yield toban
    finally:
        toban.leave()


def clients_of(toban: Toban) -> list[Client]:
    """Return one client of each kind."""
    url = toban.url
    return [
        Lines("line", url, OWN_TOKEN),
        Readings("reading", url, OWN_TOKEN),
        Alerts("alert", url, OWN_TOKEN),
        *(Pings(f"ping-{key}", url, ping(key)) for key in PINGED),
        Errors(f"http://{OWN_KEY}@{url.removeprefix('http://')}/2"),
        Spans(url, OWN_TOKEN),
        Records(url, OWN_TOKEN),
    ]


def kept(toban: Toban) -> Callable[[Client], Counter[str]]:
    """Return what tells how often Toban has each item of a client."""
    logs = [message for (message,) in toban.telemetry("SELECT message FROM logs")]
    spans = [name for (name,) in toban.telemetry("SELECT name FROM spans")]
    values = toban.telemetry("SELECT value FROM samples WHERE metric = 'memory_usage_percent'")
    events = [event_id for (event_id,) in toban.state("SELECT event_id FROM errors_storedevent")]
    alerts = [json.loads(labels) for (labels,) in toban.state("SELECT labels FROM notify_alert")]
    runs = [json.loads(parameters) for (parameters,) in toban.state(
        "SELECT parameters FROM runs_run WHERE state = 'done'")]  # fmt: skip

    def of(client: Client) -> Counter[str]:
        match client:
            case Lines() | Records():
                return Counter(logs)
            case Spans():
                return Counter(spans)
            case Readings():
                return Counter(f"reading-{round(1000 * value)}" for (value,) in values)
            case Errors():
                return named(client.ids, events)
            case Alerts():
                return Counter(each.get("label.alertname", "") for each in alerts)
            case Pings():
                return named(client.ids, (each.get("rid", "") for each in runs))
            case _:
                raise AssertionError(client)

    return of


def named(ids: Mapping[str, str], found: Iterable[str]) -> Counter[str]:
    """Count the items whose ids were *found*."""
    items = {each: item for item, each in ids.items()}
    return Counter(items[each] for each in found if each in items)


def lost(client: Client, found: Counter[str]) -> set[str]:
    return {item for item in client.acknowledged if not found[item]}


def doubled(client: Client, found: Counter[str]) -> set[str]:
    return {item for item in client.sent if found[item] > 1}


def require_each_once(toban: Toban, clients: Sequence[Client]) -> None:
    """Fail if anything acknowledged is lost or there twice; print the counts."""
    wait_for(toban.is_ready)
    with suppress(AssertionError):
        # Readings reach the store by the worker; who lost some is told below.
        wait_for(lambda: not any(lost(each, of(each)) for of in [kept(toban)] for each in clients))
    of, wrong = kept(toban), {}
    for client in clients:
        found = of(client)
        gone, twice = lost(client, found), doubled(client, found)
        print(  # noqa: T201
            f"{client.name}: {len(client.sent)} sent, {len(client.acknowledged)} acknowledged,"
            f" {len(gone)} of them lost, {len(twice)} doubled"
        )
        assert client.acknowledged
        if gone or twice:
            wrong[client.name] = (gone, twice)
    assert wrong == {}
