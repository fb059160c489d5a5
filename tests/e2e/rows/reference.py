"""One `toban up` of the reference, bound to contract servers: AWS, Datadog, New Relic, PagerDuty, GitHub."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from tests.e2e.rows import aws, document
from tests.e2e.rows.github import Forge, forge
from tests.e2e.rows.vendors import Datadog, NewRelic, PagerDuty, serving
from tests.e2e.running import SHOP, Inbox, Toban, enterable_folder, mail_server, slack_receiver, wait_for
from tests.integration.chapters.release.sources.github.contract import TOKEN
from tests.integration.moto import moto_server
from tests.ports import free_port

SECRETS = {
    "AWS_ACCESS": aws.ACCESS,
    "AWS_SECRET": aws.SECRET,
    "DD_API": "dd-api",
    "DD_APP": "dd-application",
    "NR_KEY": "NRAK-KEY",
    "PD_KEY": "R" * 32,
    "GITHUB_TOKEN": TOKEN,
    "ERRORS_KEY": "e" * 32,
    "PING_2": "2" * 32,
    "PING_3": "3" * 32,
    "PING_4": "4" * 32,
}
_PASSWORD = "kokoro"


@dataclass
class Reference:
    """The running Toban and the vendors around it."""

    toban: Toban
    datadog: Datadog
    newrelic: NewRelic
    pagerduty: PagerDuty
    github: Forge
    slack: Inbox
    moto: str


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    """Run the demo's PostgreSQL with an order in it; yields its URL. Its programs are beside the bindings."""
    port = free_port()
    url = f"postgresql://shop:{_PASSWORD}@127.0.0.1:{port}/postgres"
    command = [sys.executable, "-m", "shop.db", "--place", str(folder / "db"), "--port", str(port)]
    environment = {**os.environ, "SHOP_DB_PASSWORD": _PASSWORD, "TMPDIR": str(folder)}
    server = subprocess.Popen(
        command, cwd=SHOP, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: _answers(url), within=120)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def _answers(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(url):
        return True
    return False


@pytest.fixture(scope="module")
def reference() -> Iterator[Reference]:
    datadog = Datadog({"system.cpu.idle": 42.0, "system.mem.pct_usable": 55.0, "system.disk.in_use": 30.0})
    newrelic = NewRelic({"average(duration)": 120.0, "percentage(count(*)": 0.01})
    pagerduty = PagerDuty()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        folder = stack.enter_context(enterable_folder())
        moto = stack.enter_context(moto_server(folder))
        aws.furnish(moto)
        inbox, slack = stack.enter_context(slack_receiver())
        _, smtp_port = stack.enter_context(mail_server())
        github = stack.enter_context(forge(folder))
        vendors = (datadog.answer, newrelic.answer, pagerduty.answer, github.shop)
        urls = [stack.enter_context(serving(each)) for each in vendors]
        for name, value in SECRETS.items():
            environment.setenv(name, value)
        environment.setenv("DB_URL", stack.enter_context(_database(folder)))
        design, bindings = folder / "運用設計書.md", folder / "toban.toml"
        design.write_text(document.text(), encoding="utf-8")
        bound = document.bindings(
            moto=moto,
            datadog=urls[0],
            newrelic=urls[1],
            pagerduty=urls[2],
            shop=urls[3],
            github=github.api.url,
            git=github.git.url,
            smtp_port=smtp_port,
        )
        bindings.write_text(bound, encoding="utf-8")
        toban = Toban(folder / "home", bindings, slack=slack, design=design)
        stack.callback(toban.leave)
        toban.start()
        yield Reference(toban, datadog, newrelic, pagerduty, github, inbox, moto)
