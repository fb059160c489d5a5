"""From breach to receipt, next to Prometheus + Alertmanager: `python -m benchmarks.alerting [--hosts 1000]`.

Needs Debian's prometheus and prometheus-alertmanager: installed, or unpacked into `.boot/debian`.
"""

import json
import math
import random
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

import click
import psutil
from benchmarks import fleet as fleets
from benchmarks.fleet import Fleet
from tests.e2e.running import Toban, enterable_folder, wait_for

from toban.faces.cli.supervision.up import free_port

METHOD = """Method: {hosts:,} hosts on one loopback port, each an exposition of its own. The document has one
row, 監視間隔 1分, 異常 95%; `toban up` runs it with SQLite and its own store, and posts to a Slack webhook.
Prometheus and Alertmanager run with the configuration that Debian ships (scrape and evaluation every 15 s,
group_wait 30 s, group_interval 5 m); only the hosts, the same threshold as a rule without `for`, addresses
and a webhook were added. {breaches} hosts break down at random moments within {seconds} s, and stay broken.
Counted is the time until a message that tells of the host has come to the channel's receiver."""

DESIGN = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Webサーバー | メモリ使用率 | 0-80% | 90% | 95% | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | Slack | 即時 |
| 警告 (Warning) | 開発担当者 | Slack | 即時 |
"""
BINDINGS = """
[channels.slack]
kind = "slack"
webhook = "env:SHOP_SLACK_WEBHOOK"

[people."開発担当者"]
name = "江藤 かい"
slack = "U0KAI"
"""
SOURCES = """
[targets."Webサーバー"]
sources = [
{sources}
]
"""
SOURCE = '  {{ kind = "prometheus", url = "http://{address}/{name}/metrics", instance = "{name}" }},'
RULES = """
groups:
  - name: hosts
    rules:
      - alert: MemoryUsage
        expr: 100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) >= 95
        labels: {severity: critical}
"""
SETTLED = 60
"""Seconds after which both systems have asked every host several times."""

SHIPPED = Path(__file__).parents[1] / ".boot" / "debian"

type Receipts = dict[str, float]
"""Host → when the first message named it, by `time.time`."""


@contextmanager
def receiver(told: Callable[[str], Iterator[str]]) -> Iterator[tuple[Receipts, list[float], str]]:
    """Receive posts; *told* returns the hosts a body names. Yields receipts, message times, and the URL."""
    receipts: Receipts = {}
    messages: list[float] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            now = time.time()
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            messages.append(now)
            for host in told(body):
                receipts.setdefault(host, now)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receipts, messages, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def program(name: str) -> str:
    """Return where Debian's program *name* is."""
    found = shutil.which(name) or shutil.which(name, path=str(SHIPPED / "usr/bin"))
    if found is None:
        unpack = f"apt-get download {name} && dpkg-deb -x {name}_*.deb ."
        hint = f"HINT: apt-get install {name}、または .boot/debian で {unpack}"
        raise click.ClickException(f"{name} がありません\n{hint}")
    return found


def alertmanager_program() -> list[str]:
    """Return the command of Alertmanager: Debian's looks for its templates in only one place."""
    templates = Path("/usr/share/prometheus/alertmanager")
    if templates.exists():
        return [program("prometheus-alertmanager")]
    # In a separate mount namespace, which only root may create and nobody else sees.
    mounted = f'mount --bind {SHIPPED / "usr/share"} /usr/share && exec "$0" "$@"'
    return ["unshare", "--mount", "sh", "-c", mounted, program("prometheus-alertmanager")]


def shipped(name: str) -> str:
    """Return the configuration file *name* as Debian ships it."""
    places = (Path("/etc/prometheus") / name, SHIPPED / "etc/prometheus" / name)
    return next(place for place in places if place.exists()).read_text()


@contextmanager
def prometheus(folder: Path, fleet: Fleet, webhook: str) -> Iterator[list[psutil.Process]]:
    """Run Prometheus and Alertmanager on *fleet* as Debian configures them."""
    own, alertmanager = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    targets = [
        {"targets": [fleet.address], "labels": {"instance": name, "__metrics_path__": f"/{name}/metrics"}}
        for name in fleet.names
    ]
    settings = shipped("prometheus.yml").replace("localhost:9093", alertmanager)
    settings = settings.replace('# - "first_rules.yml"', "- rules.yml").partition("scrape_configs:")[0]
    scrape = [{"job_name": "node", "static_configs": targets}]
    (folder / "prometheus.yml").write_text(f"{settings}\nscrape_configs: {json.dumps(scrape)}\n")
    (folder / "rules.yml").write_text(RULES)
    routes = shipped("alertmanager.yml").partition("\nreceivers:")[0]
    names = ("team-X-mails", "team-X-pager", "team-Y-mails", "team-Y-pager", "team-DB-pager")
    receivers = [{"name": name, "webhook_configs": [{"url": webhook}]} for name in names]
    (folder / "alertmanager.yml").write_text(f"{routes}\nreceivers: {json.dumps(receivers)}\n")
    commands = (
        [program("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus",
         f"--web.listen-address={own}"],
        [*alertmanager_program(), "--config.file=alertmanager.yml", "--storage.path=alertmanager",
         f"--web.listen-address={alertmanager}", "--cluster.listen-address="],
    )  # fmt: skip
    with (folder / "prometheus.log").open("w") as log:
        started = [subprocess.Popen(each, cwd=folder, stdout=log, stderr=log) for each in commands]
        try:
            yield [psutil.Process(each.pid) for each in started]
            for each in started:
                if each.poll() is not None:
                    raise click.ClickException((folder / "prometheus.log").read_text()[-2000:])
        finally:
            for each in started:
                each.terminate()
            for each in started:
                each.wait()


def toban(folder: Path, fleet: Fleet, webhook: str) -> Toban:
    """Return a Toban that watches *fleet*; it is not started yet."""
    design, bindings = folder / "運用設計書.md", folder / "toban.toml"
    design.write_text(DESIGN, encoding="utf-8")
    sources = "\n".join(SOURCE.format(address=fleet.address, name=name) for name in fleet.names)
    bindings.write_text(BINDINGS + SOURCES.format(sources=sources), encoding="utf-8")
    return Toban(folder / "home", bindings, slack=webhook, design=design)


def break_down(fleet: Fleet, breaches: int, seconds: float) -> None:
    """Break hosts at random moments."""
    began, chance = time.monotonic(), random.Random()  # noqa: S311 - no secret depends on it
    moments = sorted(chance.uniform(0, seconds) for _ in range(breaches))
    for moment, name in zip(moments, chance.sample(fleet.names, breaches), strict=True):
        time.sleep(max(began + moment - time.monotonic(), 0))
        fleet.break_down(name)


def spread(delays: list[float]) -> str:
    """Return median, 99th percentile (nearest rank) and maximum of *delays* as text."""
    ordered = sorted(delays)
    p99 = ordered[math.ceil(len(ordered) * 0.99) - 1]
    return f"median {statistics.median(ordered):6.1f} s   p99 {p99:6.1f} s   longest {ordered[-1]:6.1f} s"


def processor(processes: list[psutil.Process]) -> float:
    """Return the seconds of processor time that *processes* have used so far."""
    return sum(sum(each.cpu_times()[:2]) for each in processes)


def in_slack(body: str) -> Iterator[str]:
    """Yield the hosts that a Slack message names."""
    yield from (
        word for word in body.replace("（", " ").replace("）", " ").split() if word.startswith("host-")
    )


def in_alertmanager(body: str) -> Iterator[str]:
    """Yield the hosts that a message of Alertmanager names."""
    yield from (alert["labels"]["instance"] for alert in json.loads(body)["alerts"])


def measure(options: Mapping[str, int]) -> None:
    """Run both systems side by side and print what they took."""
    with ExitStack() as stack:
        folder = stack.enter_context(enterable_folder())
        fleet = stack.enter_context(fleets.running(options["hosts"]))
        by_toban, messages, webhook = stack.enter_context(receiver(in_slack))
        by_others, other_messages, other_webhook = stack.enter_context(receiver(in_alertmanager))
        own = toban(folder, fleet, f"{webhook}/services/T0/B0/shop")
        stack.callback(own.leave)
        own.start()
        worker = [psutil.Process(own.child("worker")["pid"])]
        others = stack.enter_context(prometheus(folder, fleet, other_webhook))
        time.sleep(SETTLED)
        before = (time.monotonic(), processor(worker), processor(others), fleet.asked)
        break_down(fleet, options["breaches"], options["seconds"])
        after = (time.monotonic(), processor(worker), processor(others), fleet.asked)
        broken = set(fleet.broken_at)
        wait_for(lambda: broken <= set(by_toban), within=120)
        wait_for(lambda: broken <= set(by_others), within=400)
    passed, used, used_by_others, asked = (b - a for a, b in zip(before, after, strict=True))
    print(f"{asked / passed:.0f} scrapes/s by both")
    for name, receipts, told, share in (
        ("toban", by_toban, messages, used / passed),
        ("prometheus", by_others, other_messages, used_by_others / passed),
    ):
        delays = [receipts[host] - at for host, at in fleet.broken_at.items()]
        print(f"{name:<11} {spread(delays)}   {len(told)} messages   {share:.0%} of a core")


@click.command()
@click.option("--hosts", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--breaches", type=click.IntRange(1), default=50, show_default=True)
@click.option("--seconds", type=click.IntRange(1), default=600, show_default=True)
def main(**options: int) -> None:
    """Print the delays of both."""
    print(METHOD.format(**options), end="\n\n")
    measure(options)


if __name__ == "__main__":
    main()
