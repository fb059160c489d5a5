"""The demo's web servers under real load: a rule starts one more behind the real proxy, people stop some.

The document is the demo's, with a rule that holds after a minute instead of thirty, and a database that is
nearly full.
"""

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.e2e.running import SHOP, Inbox, Toban, enterable_folder, shop_bindings, wait_for

pytestmark = pytest.mark.slow

TREE = SHOP.parents[1]
RULE, SOONER = "CPU使用率70%が30分継続", "CPU使用率1%が1分継続"
GROUP, WORK = "Webサーバー", "scale/Webサーバー"
LIMIT, MINUTES = 1.0, 1
ROW = "capacity/scaling-rule/"
COUNT, STORAGE = "capacity/resource-usage/Webサーバー台数", "capacity/resource-usage/DBストレージ"


@pytest.fixture(scope="module")
def toban(mail: tuple[Inbox, int], slack: tuple[Inbox, str]) -> Iterator[Toban]:
    """The demo from a copy of the source tree: its document is another one."""
    with enterable_folder() as folder:
        for part in ("src", "examples"):
            shutil.copytree(TREE / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        document = folder / "examples" / "webshop" / "運用設計書.md"
        text = document.read_text(encoding="utf-8")
        assert RULE in text
        assert "| 100GB | 500GB |" in text
        fuller = text.replace(RULE, SOONER).replace("| 100GB | 500GB |", "| 10MB | 30MB |")
        document.write_text(fuller, encoding="utf-8")
        bindings = shop_bindings(folder, smtp_port=mail[1])
        written = bindings.read_text(encoding="utf-8").replace(
            'resource = "Webサーバー台数"', 'resource = "Webサーバー台数"\nmode = "ask"'
        )
        bindings.write_text(written + '\n[capacity]\nextend_within = "1分"\n', encoding="utf-8")
        environment = {"PYTHONPATH": str(folder / "src")}
        running = Toban(folder / "home", bindings, slack=slack[1], environment=environment)
        try:
            running.start()
            yield running
        finally:
            running.leave()


class Customers:
    """Customers who look at the shop all the time, through its proxy."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: Counter[int | str] = Counter()
        self.are_gone = threading.Event()

    def come(self) -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self.are_gone.is_set():
                try:
                    self.answers[client.get(self.url).status_code] += 1
                except httpx.HTTPError as error:
                    self.answers[type(error).__name__] += 1
                    time.sleep(0.1)

    @contextmanager
    def at_once(self, count: int) -> Iterator[None]:
        threads = [threading.Thread(target=self.come) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.are_gone.set()
            for thread in threads:
                thread.join()


def serving(toban: Toban) -> int:
    """Return how many instances the release engine's proxy has, as the group itself says."""
    done = toban.run("capacity", "groups", "--format", "json")
    (group,) = json.loads(done.stdout)
    return int(group["serving"] or 0)


def run_of(toban: Toban, state: str) -> int | None:
    runs = toban.state("SELECT id, work, state FROM runs_run ORDER BY id DESC")
    return next((number for number, *rest in runs if rest == [WORK, state]), None)


def open_request(toban: Toban) -> int | None:
    found = toban.state("SELECT id FROM approvals_approvalrequest WHERE state = 'open'")
    return int(found[0][0]) if found else None


def verdict(toban: Toban, row: str = f"{ROW}CPU") -> str:
    rows = dict(toban.state("SELECT clause_id, verdict FROM evidence_clausestatus"))
    return next(str(each) for name, each in rows.items() if name.startswith(row))


def scaled(toban: Toban, to: int, reason: str) -> bool:
    done = toban.run("capacity", "scale", GROUP, "--to", str(to), "--yes", "--reason", reason)
    assert done.returncode == 0, done.stderr
    return wait_for(lambda: serving(toban) == to, within=180)


def shop_url(toban: Toban) -> str:
    bindings = (toban.home / "webshop" / "toban.toml").read_text(encoding="utf-8")
    return next(
        line.split("http://")[1].split()[0] for line in bindings.splitlines() if "店は http://" in line
    )


def test_a_loaded_group_asks_then_acts_and_people_take_it_back(toban: Toban) -> None:
    assert wait_for(lambda: serving(toban) == 2, within=120)
    customers = Customers(f"http://{shop_url(toban)}/")

    with customers.at_once(8):
        assert wait_for(lambda: run_of(toban, "waiting"), within=300)
        asked = wait_for(lambda: open_request(toban), within=60)
        done = toban.run("approvals", "approve", str(asked), "--as", "admin", "--note", "客が多い", "--yes")
        assert done.returncode == 0, done.stderr
        assert wait_for(lambda: serving(toban) == 3, within=120)
        assert wait_for(lambda: verdict(toban) == "conforming", within=60)

        done = toban.run("modes", "set", f"schedule/{WORK}", "act", "--reason", "ask で確かめた", "--yes")
        assert done.returncode == 0, done.stderr
        assert wait_for(lambda: serving(toban) == 4, within=400)

        assert scaled(toban, 2, "夜になった")

    assert set(customers.answers) == {200}
    assert customers.answers[200] > 1000


def test_the_replay_counts_what_a_count_by_hand_does(toban: Toban) -> None:
    done = toban.run("capacity", "replay", GROUP, "--days", "1", "--format", "json")
    assert done.returncode == 0, done.stderr
    (replay,) = json.loads(done.stdout)

    begins = datetime.fromisoformat(replay["begins"]).astimezone(UTC)
    ends = datetime.fromisoformat(replay["ends"]).astimezone(UTC)
    rows = toban.telemetry(
        "SELECT instance, toUnixTimestamp(at), value FROM samples"
        " WHERE metric = 'cpu_usage_percent' AND target = 'Webサーバー'"
    )
    minutes: dict[int, dict[str, list[float]]] = {}
    for instance, second, value in rows:
        if begins.timestamp() <= second < ends.timestamp():
            minute = int((second - begins.timestamp()) // 60)
            minutes.setdefault(minute, {}).setdefault(instance, []).append(value)
    added, size, ready = [], int(replay["size"]), 0
    for minute in sorted(minutes):
        means = [sum(values) / len(values) for values in minutes[minute].values()]
        if sum(means) / len(means) >= LIMIT and size < 10 and minute + MINUTES >= ready:
            size, ready = size + 1, minute + 2 * MINUTES
            added.append(begins + timedelta(minutes=minute + MINUTES))
    assert [datetime.fromisoformat(each["at"]).astimezone(UTC) for each in replay["added"]] == added
    assert added


def test_the_number_of_servers_counts_against_its_own_limit(toban: Toban) -> None:
    done = toban.run("modes", "set", f"schedule/{WORK}", "shadow", "--reason", "数だけを見る", "--yes")
    assert done.returncode == 0, done.stderr
    assert wait_for(lambda: verdict(toban, COUNT) == "conforming", within=360)

    assert scaled(toban, 7, "セールの日")
    assert wait_for(lambda: verdict(toban, COUNT) == "deviating", within=360)

    assert scaled(toban, 2, "セールが終わった")
    assert wait_for(lambda: verdict(toban, COUNT) == "conforming", within=360)


def test_a_full_database_asks_people_and_deviates_if_nobody_extends_it(toban: Toban) -> None:
    assert wait_for(lambda: verdict(toban, f"{ROW}ストレージ") == "not-performed", within=180)
    assert verdict(toban, STORAGE) == "deviating"
