"""From an alert to its incident, and a long incident on a server that runs.

`python -m benchmarks.incident.declaring [--pushes 20] [--stops 5]`
"""

import math
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import httpx
import psutil
from benchmarks.figures import state
from tests.e2e.faults.parts import Site
from tests.e2e.running import Toban, enterable_folder, wait_for
from tests.e2e.visitor import Forms, first_sign_in

METHOD = """Method: `toban up` with SQLite and its own store. {pushes} critical alerts are pushed at random
moments, as Prometheus does; a service whose row says 監視間隔 10秒 is stopped {stops} times. Each is an
incident of its own. Counted is the time from the moment that the alert bears until another process can read
the incident from the state database (it looks every 10 ms). Then the last incident gets {lines:,} lines more
on its timeline. Its pages are read {reads} times over one connection, signed in, the whole answer; its report
is drafted {drafts} times by the form, with nothing typed. "CPU" is the server's processor time for one of
them, which what else runs on the machine does not change much."""
LINES, READS, DRAFTS = 5_000, 100, 10
TOKEN = "benchmark-of-incidents"  # noqa: S105 - it opens nothing
DESIGN = """# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 なみ | 24時間365日 |

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| 店 | 死活 | 応答あり | - | 応答なし | 10秒 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 運用責任者 | メール | 即時 |

## 7. 障害対応

### 障害レベル定義
| レベル | 定義 | 対応時間 |
|---|---|---|
| Critical | サービス全停止 | 即時対応 (1時間以内復旧) |
| High | 主要機能停止 | 1時間以内対応、4時間以内復旧 |
| Medium | 一部機能停止 | 4時間以内対応 |

### 障害対応フロー
1. 検知
2. 原因調査
3. 暫定対応
4. 報告書作成
"""
BINDINGS = """
[people."運用責任者"]
account = "admin"

[senders.own]
token = "file:token"
may = ["alerts"]

[targets]
"店".sources = [{{ kind = "http", url = "{url}" }}]

[incidents]
join_within = "1秒"
"""
"""Nothing joins an incident that is older than a second: each alert is one of its own."""
NEWEST = (
    "SELECT l.id, l.incident_id, a.opened_at FROM incident_incidentalert l"
    " JOIN notify_alert a ON a.id = l.alert_id ORDER BY l.id DESC LIMIT 1"
)
VERDICT = "SELECT verdict FROM evidence_clausestatus WHERE clause_id = 'monitoring/monitor/店/死活'"
LONGEST = 120
"""Seconds after which an alert counts as lost."""


def declared(toban: Toban, happens: Callable[[], object]) -> float:
    """Return the seconds from the alert of what *happens* to its incident."""
    before = _newest(toban)
    happens()
    until = time.monotonic() + LONGEST
    while (found := _newest(toban)) == before:
        if time.monotonic() >= until:
            raise click.ClickException("no incident was declared")
        time.sleep(0.01)
    return time.time() - found[2].timestamp()


def _newest(toban: Toban) -> tuple[int, int, datetime]:
    rows = toban.state(NEWEST)
    if not rows:
        return (0, 0, datetime.min.replace(tzinfo=UTC))
    link, incident, opened_at = rows[0]
    return (link, incident, datetime.fromisoformat(opened_at).replace(tzinfo=UTC))


def pushed(toban: Toban, pushes: int) -> Iterator[float]:
    """Push alerts about one target after the other."""
    chance = random.Random()  # noqa: S311 - moments to push at
    with httpx.Client(
        base_url=toban.url, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False
    ) as client:
        for number in range(pushes):
            time.sleep(chance.uniform(1.5, 3.5))
            labels = {"alertname": "Down", "severity": "critical", "instance": f"web-{number}"}

            def push(labels: dict[str, str] = labels) -> None:
                client.post("/api/v2/alerts", json=[{"labels": labels}]).raise_for_status()

            yield declared(toban, push)


def stopped(toban: Toban, site: Site, stops: int) -> Iterator[float]:
    """Stop the service again and again."""
    for _ in range(stops):
        wait_for(lambda: toban.state(VERDICT) == [("conforming",)], within=LONGEST)
        yield declared(toban, site.stop)
        site.start()


def lengthen(home: Path, incident: int, lines: int) -> None:
    """Give *incident* so many lines more, in the state database of the Toban that runs in *home*."""
    os.environ |= {"TOBAN_HOME": str(home), "DJANGO_SETTINGS_MODULE": "toban.settings"}
    import django  # noqa: PLC0415 - its settings are read from the environment

    django.setup()
    from toban.chapters.incident.models import TimelineEntry  # noqa: PLC0415 - needs Django ready
    from toban.chapters.incident.timeline.kinds import EntryKind  # noqa: PLC0415
    from toban.message import plain  # noqa: PLC0415

    now = datetime.now(UTC)
    TimelineEntry.objects.bulk_create(
        (
            TimelineEntry(
                incident_id=incident,
                key=f"note/{n}",
                kind=EntryKind.NOTE,
                at=now - timedelta(seconds=n / 10),
                said=plain(f"確認 {n}: 応答は戻っていない"),
                by="admin",
            )
            for n in range(lines)
        ),
        batch_size=500,
    )


def read(client: httpx.Client, path: str) -> float:
    """Return the milliseconds until the whole page has come."""
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return (time.perf_counter() - began) * 1000


def drafted(client: httpx.Client, path: str) -> float:
    """Return the milliseconds until the report is drafted."""
    page = client.get(path)
    token = next(form.fields["csrfmiddlewaretoken"] for form in Forms(page).found if "act" in form.fields)
    typed = {"csrfmiddlewaretoken": token, "act": "draft", "kind": "final"}
    began = time.perf_counter()
    answer = client.post(path, data=typed, headers={"Referer": str(page.url)}, follow_redirects=False)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != httpx.codes.FOUND:
        raise click.ClickException(f"the draft was answered with {answer.status_code}")
    return took


def show(what: str, took: list[float], share: float, most: float, unit: str, more: str = "") -> None:
    """Print the median, a percentile (nearest rank) and the longest of *took*; *most* is wanted of it."""
    ordered = sorted(took)
    percentile = ordered[math.ceil(len(took) * share) - 1]
    name = f"p{share * 100:.0f}"
    figures = f"median {statistics.median(took):8.2f}   {name} {percentile:8.2f}"
    click.echo(f"{what:<24} {figures}   longest {ordered[-1]:8.2f}   (wanted: {most:,.0f} {unit}{more})")
    state(f"{what}, {name}", percentile, unit, most=most)


def served(toban: Toban, what: str, most: float, ask: Callable[[], float], times: int) -> None:
    """Print how long the server took to answer, and how much of its processor."""
    server = psutil.Process(toban.child("serve")["pid"])
    before = sum(server.cpu_times()[:2])
    took = [ask() for _ in range(times)]
    used = (sum(server.cpu_times()[:2]) - before) * 1000 / times
    show(what, took, 0.95, most, "ms", f"; CPU {used:.0f} ms")


def measure(toban: Toban, site: Site, pushes: int, stops: int) -> None:
    """Print the figures of a Toban that runs."""
    by_push, by_stop = list(pushed(toban, pushes)), list(stopped(toban, site, stops))
    show("pushed alert → incident", by_push, 0.99, 2, "s")
    show("stop's alert → incident", by_stop, 0.99, 2, "s")
    incident = _newest(toban)[1]
    lengthen(toban.home, incident, LINES)
    path = f"/incidents/{incident}"
    with first_sign_in(toban) as client:
        served(toban, "page of the incident", 200, lambda: read(client, path), READS)
        served(toban, "page of its timeline", 200, lambda: read(client, f"{path}/timeline"), READS)
        served(toban, "draft, nothing typed", 1000, lambda: drafted(client, path), DRAFTS)


@click.command(help=__doc__)
@click.option("--pushes", type=click.IntRange(1), default=20, show_default=True)
@click.option("--stops", type=click.IntRange(1), default=5, show_default=True)
def main(pushes: int, stops: int) -> None:
    click.echo(METHOD.format(pushes=pushes, stops=stops, lines=LINES, reads=READS, drafts=DRAFTS))
    site = Site().start()
    with enterable_folder() as folder:
        for name, text in (("運用設計書.md", DESIGN), ("toban.toml", BINDINGS.format(url=site.url))):
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "token").write_text(TOKEN)
        (folder / "token").chmod(0o600)
        toban = Toban(
            folder / "home",
            folder / "toban.toml",
            design=folder / "運用設計書.md",
            environment={"NO_PROXY": "127.0.0.1"},
        )
        try:
            toban.start()
            measure(toban, site, pushes, stops)
        finally:
            toban.leave()
            site.stop()


if __name__ == "__main__":
    main()
