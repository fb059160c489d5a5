"""From breach to receipt, next to Prometheus + Alertmanager: `python -m benchmarks.alerting [--hosts 1000]`.

Needs Debian's prometheus and, to compare receipts too, prometheus-alertmanager: installed, or unpacked into
`.boot/debian`.
"""

import json
import math
import random
import re
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

import click
import psutil
from benchmarks import fleet as fleets
from benchmarks.figures import Lacking, state
from benchmarks.fleet import Fleet
from tests.e2e.running import Toban, enterable_folder, wait_for

from toban.chapters.monitoring.limits import MonitorLimits
from toban.design.values.metric import Metric
from toban.faces.cli.supervision.up import free_port

EVERY = MonitorLimits(Metric.MEMORY_USAGE, None, None, None, timedelta(minutes=1)).period
"""How often Toban samples the row below."""

METHOD = f"""Method: the hosts share one loopback port, each an exposition of its own. The document has one
row, 監視間隔 1分, 異常 95%; `toban up` runs it with SQLite and its own store, and posts to a Slack webhook.
Prometheus and Alertmanager run with the configuration that Debian ships (group_wait 30 s, group_interval
5 m), but scrape and evaluate as often as Toban samples, every {EVERY.total_seconds():g} s. The hosts, the
same threshold as a rule without `for`, addresses and a webhook were added. Hosts break down at random
moments, and stay broken. Counted is the time until a message that tells of the host has come to the channel's
receiver, and meanwhile the processor time of Toban's worker, which measures, judges and sends, and of
Prometheus without Alertmanager. Both run at once: the more the machine does besides, the more time a scrape
takes both."""

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
WANTED = {200: 10, 1000: 12}
"""The most seconds from a breach to its receipt (p99) that are wanted, by the number of hosts."""
MOST_OF_PROMETHEUS = 3
"""How many times Prometheus' processor time is wanted at most."""
SETTLED = 60
"""Seconds after which both systems have asked every host several times."""

SHIPPED = Path(__file__).parents[1] / ".boot" / "debian"

type Receipts = dict[str, float]
"""Host → when the first message named it, by `time.time`."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one system took."""

    name: str
    delays: Sequence[float]
    """Seconds from breach to receipt; empty if nothing tells."""
    messages: int
    core: float
    """Its share of a processor core."""
    scrapes: float
    """Per second."""

    def __str__(self) -> str:
        told = (
            f"{spread(self.delays)}   {self.messages:4} messages" if self.delays else f"{'tells nobody':>67}"
        )
        used = f"{self.core:6.1%} of a core   {self.scrapes:5.1f} scrapes/s"
        return f"{self.name:<11} {told}   {used} of {1000 * self.core / self.scrapes:.2f} ms"


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


def program(name: str) -> str | None:
    """Return where Debian's program *name* is."""
    return shutil.which(name) or shutil.which(name, path=str(SHIPPED / "usr/bin"))


def hint(name: str) -> str:
    """Return how to get Debian's program *name*."""
    unpack = f"apt-get download {name} && dpkg-deb -x {name}_*.deb ."
    return f"HINT: apt-get install {name}、または .boot/debian で {unpack}"


def alertmanager_program() -> list[str]:
    """Return the command of Alertmanager, empty without one: it looks for templates in only one place."""
    found = program("prometheus-alertmanager")
    if found is None:
        return []
    templates = Path("/usr/share/prometheus/alertmanager")
    if templates.exists():
        return [found]
    # In a separate mount namespace, which only root may create and nobody else sees.
    mounted = f'mount --bind {SHIPPED / "usr/share"} /usr/share && exec "$0" "$@"'
    return ["unshare", "--mount", "sh", "-c", mounted, found]


def shipped(name: str, package: str) -> str:
    """Return the configuration file *name* as Debian's *package* ships it."""
    places = (Path("/etc/prometheus") / name, SHIPPED / "etc/prometheus" / name)
    for place in places:
        if place.exists():
            return place.read_text()
    raise Lacking(f"{name} がありません\n{hint(package)}")


def prometheus_command(folder: Path, fleet: Fleet, alertmanager: str) -> list[str]:
    """Write Prometheus' configuration and return its command."""
    found = program("prometheus")
    if found is None:
        raise Lacking(f"prometheus がありません\n{hint('prometheus')}")
    targets = [
        {"targets": [fleet.address], "labels": {"instance": name, "__metrics_path__": f"/{name}/metrics"}}
        for name in fleet.names
    ]
    settings = shipped("prometheus.yml", "prometheus").replace("localhost:9093", alertmanager)
    settings = settings.replace('# - "first_rules.yml"', "- rules.yml").partition("scrape_configs:")[0]
    often = f"{EVERY // timedelta(milliseconds=1)}ms"
    settings = re.sub(r"((?:scrape|evaluation)_interval: *)15s", rf"\g<1>{often}", settings)
    scrape = [{"job_name": "node", "static_configs": targets}]
    (folder / "prometheus.yml").write_text(f"{settings}\nscrape_configs: {json.dumps(scrape)}\n")
    (folder / "rules.yml").write_text(RULES)
    listen = f"--web.listen-address=127.0.0.1:{free_port()}"
    return [found, "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus", listen]


def alertmanager_command(folder: Path, command: Sequence[str], address: str, webhook: str) -> list[str]:
    """Write Alertmanager's configuration and return *command* with it."""
    routes = shipped("alertmanager.yml", "prometheus-alertmanager").partition("\nreceivers:")[0]
    names = ("team-X-mails", "team-X-pager", "team-Y-mails", "team-Y-pager", "team-DB-pager")
    receivers = [{"name": name, "webhook_configs": [{"url": webhook}]} for name in names]
    (folder / "alertmanager.yml").write_text(f"{routes}\nreceivers: {json.dumps(receivers)}\n")
    options = ("--config.file=alertmanager.yml", "--storage.path=alertmanager", "--cluster.listen-address=")
    return [*command, *options, f"--web.listen-address={address}"]


@contextmanager
def prometheus(folder: Path, fleet: Fleet, webhook: str) -> Iterator[psutil.Process]:
    """Run Prometheus, and Alertmanager if it is there, on *fleet* as Debian configures them."""
    alertmanager, address = alertmanager_program(), f"127.0.0.1:{free_port()}"
    commands = [prometheus_command(folder, fleet, address)]
    if alertmanager:
        commands.append(alertmanager_command(folder, alertmanager, address, webhook))
    with (folder / "prometheus.log").open("w") as log:
        started = [subprocess.Popen(each, cwd=folder, stdout=log, stderr=log) for each in commands]
        try:
            yield psutil.Process(started[0].pid)
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


def p99(delays: Sequence[float]) -> float:
    """Return the 99th percentile (nearest rank)."""
    return sorted(delays)[math.ceil(len(delays) * 0.99) - 1]


def spread(delays: Sequence[float]) -> str:
    """Return median, 99th percentile and maximum of *delays* as text."""
    middle, longest = statistics.median(delays), max(delays)
    return f"median {middle:6.1f} s   p99 {p99(delays):6.1f} s   longest {longest:6.1f} s"


def processor(process: psutil.Process) -> float:
    """Return the seconds of processor time that *process* has used so far."""
    return sum(process.cpu_times()[:2])


def in_slack(body: str) -> Iterator[str]:
    """Yield the hosts that a Slack message names."""
    yield from (
        word for word in body.replace("（", " ").replace("）", " ").split() if word.startswith("host-")
    )


def in_alertmanager(body: str) -> Iterator[str]:
    """Yield the hosts that a message of Alertmanager names."""
    yield from (alert["labels"]["instance"] for alert in json.loads(body)["alerts"])


def measure(hosts: int, breaches: int, seconds: int) -> tuple[Figures, Figures]:
    """Run both systems side by side and return what they took."""
    with ExitStack() as stack:
        folder = stack.enter_context(enterable_folder())
        fleet = stack.enter_context(fleets.running(hosts))
        by_toban, messages, webhook = stack.enter_context(receiver(in_slack))
        by_others, other_messages, other_webhook = stack.enter_context(receiver(in_alertmanager))
        own = toban(folder, fleet, f"{webhook}/services/T0/B0/shop")
        stack.callback(own.leave)
        own.start()
        worker = psutil.Process(own.child("worker")["pid"])
        other = stack.enter_context(prometheus(folder, fleet, other_webhook))
        time.sleep(SETTLED)

        def used() -> tuple[float, ...]:
            asked = fleet.asked
            return time.monotonic(), processor(worker), processor(other), asked["toban"], asked["prometheus"]

        before = used()
        break_down(fleet, breaches, seconds)
        after = used()
        broken = set(fleet.broken_at)
        wait_for(lambda: broken <= set(by_toban), within=120)
        if alertmanager_program():
            wait_for(lambda: broken <= set(by_others), within=400)
    passed, *spent = (b - a for a, b in zip(before, after, strict=True))
    core, other_core, scrapes, other_scrapes = (each / passed for each in spent)
    delays, other_delays = (
        [receipts[host] - at for host, at in fleet.broken_at.items() if host in receipts]
        for receipts in (by_toban, by_others)
    )
    return (
        Figures("toban", delays, len(messages), core, scrapes),
        Figures("prometheus", other_delays, len(other_messages), other_core, other_scrapes),
    )


def stated(hosts: int, own: Figures, other: Figures) -> None:
    """State what is wanted of the figures of *hosts* hosts, beside what Prometheus took."""
    receipt = ("Prometheus + Alertmanager", p99(other.delays)) if other.delays else None
    state(f"{hosts} hosts, breach to receipt p99", p99(own.delays), "s", most=WANTED.get(hosts), peer=receipt)
    times = own.core / other.core
    core = ("Prometheus", 100 * other.core)
    state(f"{hosts} hosts, of a core", 100 * own.core, "%", peer=core)
    state(f"{hosts} hosts, times Prometheus' processor time", times, "times", most=MOST_OF_PROMETHEUS)


@click.command()
@click.option("--hosts", type=click.IntRange(1), multiple=True, default=(200, 1000), show_default=True)
@click.option("--breaches", type=click.IntRange(1), default=50, show_default=True)
@click.option("--seconds", type=click.IntRange(1), default=600, show_default=True)
def main(hosts: tuple[int, ...], breaches: int, seconds: int) -> None:
    """Print the delays and the processor time of both."""
    print(METHOD, end="\n\n")
    if not alertmanager_program():
        print("Without Alertmanager Prometheus tells nobody: only its processor time is compared.")
        print(hint("prometheus-alertmanager"), end="\n\n")
    for each in hosts:
        own, other = measure(each, breaches, seconds)
        print(f"{each:,} hosts, {breaches} breaches within {seconds} s")
        print(own, other, f"{own.core / other.core:.1f} times the processor time of Prometheus", sep="\n")
        stated(each, own, other)
    if not alertmanager_program():
        raise Lacking(f"prometheus-alertmanager がありません\n{hint('prometheus-alertmanager')}")


if __name__ == "__main__":
    main()
