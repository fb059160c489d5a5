"""The demo's own programs, document and bindings, and chapter 5 on them by a clock that a test sets."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import override
from zoneinfo import ZoneInfo

import httpx
from tests import asking
from tests.e2e.running import SHOP, wait_for
from tests.integration.chapters.release.git_host import KEI, Repository
from tests.integration.chapters.release.rows.place import Place
from tests.integration.chapters.release.shop import EFFECTS, PRODUCTION, STAGING
from tests.ports import free_port
from tests.registered import PARTS

from toban.chapters.release.drills import rehearsal
from toban.chapters.release.models import Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering import first
from toban.chapters.release.rows.looking import PATIENCE, Looks
from toban.chapters.release.running import underway
from toban.chapters.release.running.works import works
from toban.chapters.release.tracking.looking import Look
from toban.design.reader import read_design
from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.supervision.home import Home
from toban.engine.supervision.program import Program
from toban.engine.supervision.readiness import serves
from toban.engine.tasks import lists
from toban.engine.tasks import orders as tasks
from toban.engine.tasks.facts import digest_of_facts
from toban.engine.tasks.orders import TaskOrder
from toban.engine.tasks.windows import open_tasks
from toban.faces.cli.supervision import webshop
from toban.faces.cli.supervision.webshop import Webshop

DOCUMENT = (SHOP / "運用設計書.md").read_text(encoding="utf-8")
DEVELOPMENT = "開発環境"
BEGAN = datetime(2026, 12, 1, 11, tzinfo=ZoneInfo("Asia/Tokyo"))
"""A Tuesday, a week before the second one of the month."""
_BROKEN = "raise SystemExit('this version does not start')\n"
_REVIEWED = "Reviewed-by: 江藤 かい <kai@example.com>"
_OPEN_WITHIN = 60


@contextmanager
def opened(folder: Path) -> Iterator[Webshop]:
    """Run the demo's database, API and web machine in *folder*, as `toban up` does, without its customers.

    Without the agent that sends its logs, too: there is nobody to send them to.
    """
    home = folder / "home"
    home.mkdir(mode=0o700)
    ports = {name: free_port() for name in webshop.PORTS}
    shop = webshop.open_webshop(Home(home, -1), ports, f"127.0.0.1:{free_port()}")
    webshop.place_bindings(shop, None)
    with ExitStack() as running:
        for program in webshop.programs(shop):
            if program.name not in ("shop-traffic", "shop-agent"):
                running.enter_context(_running(program, folder))
        for name in ("shop", "staging", "development"):
            wait_for(lambda name=name: _version(ports[name]) == "v1.0.0", within=_OPEN_WITHIN)  # type: ignore[misc]
        yield shop


@contextmanager
def _running(program: Program, folder: Path) -> Iterator[None]:
    environment = {**os.environ, **program.environment, "TMPDIR": str(folder)}
    with (folder / f"{program.name}.log").open("wb") as log:
        process = subprocess.Popen(
            program.command, cwd=program.directory, env=environment, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: process.poll() is not None or serves(program.ready), within=_OPEN_WITHIN)
        assert process.poll() is None, (folder / f"{program.name}.log").read_text()
        yield
    finally:
        process.send_signal(program.stop_signal)
        process.wait(timeout=30)


def _version(port: int) -> str:
    try:
        return asking.get(f"http://127.0.0.1:{port}/version").text.strip()
    except httpx.HTTPError:
        return ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the document's chapter 5."""

    line: int
    id: str
    name: str


class Demo(Place):
    """Chapter 5 on the running demo. Its engines and its source are the real ones."""

    def __init__(self, shop: Webshop) -> None:
        self.shop = shop
        super().__init__(shop.place.parent, (shop.place / "toban.toml").read_text(encoding="utf-8"), DOCUMENT)
        self.looks, self.watch = Looks(PATIENCE), underway.Watch()
        self.repository = self._cloned()

    def _cloned(self) -> Repository:
        """Clone the demo's repository over HTTP, as somebody who tries it does."""
        work = self.shop.place.parent.parent / "clone"
        url = f"http://127.0.0.1:{self.shop.ports['git']}/shop.git"
        made = Repository(self.shop.place / "git" / "shop.git", work)
        made.git("clone", "--quiet", url, str(work), at=work.parent)
        return made

    @override
    def take(self, bindings: str = "", document: str = "") -> None:
        """Put an edition in force."""
        if not hasattr(self, "edition"):
            self.now = BEGAN
        read = read_bindings(bindings, self.shop.place / "toban.toml", PARTS.schema)
        self.edition = Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)
        self.plan = self.edition.plan(OPERATION)
        drills = rehearsal.works(self.plan, lambda: self.now)
        self.works = {**works(self.plan, lambda: self.now), **drills, **self.plan.tasks}
        plan_due(self.works.values(), self.now)

    def rows(self) -> list[Row]:
        """Return the rows of chapter 5, in the document's order."""
        found = (each for each in self.edition.design.clauses if each.id.startswith("release/"))
        return [Row(each.origin.line, each.id, each.id.rpartition("/")[2]) for each in found]

    def ask(self) -> None:
        """Ask the source what is new."""
        for service in self.plan.services.values():
            Look(service, self.plan, self.home, self.now).take()

    @override
    def work(self, after: timedelta = timedelta(0)) -> None:
        """Do everything that is due *after* this time, and what follows from it."""
        self.now += after
        self.ask()
        first.look(self.plan, self.home, self.now)
        super().work()

    @override
    def tell(self, after: timedelta = timedelta(0)) -> None:
        """Look at source and instances, open what is to be signed, and judge the rows."""
        self.now += after
        self.ask()
        self.looks.look(self.plan, self.now)
        self.judge()

    def hold_drill(self, at: datetime) -> Run:
        """Hold the drill that is due at *at*."""
        self.now = at
        plan_due(self.works.values(), self.now)
        self.work()
        return Run.objects.get(work=f"rollback-drill/{STAGING}", due_at=at)

    def branch(self, name: str, version: str) -> None:
        """Have a branch of the repository lead to *version*."""
        self.repository.push(f"{version}^{{commit}}:refs/heads/{name}")

    def change(self, name: str, subject: str, files: Mapping[str, str], *, onto: str) -> None:
        """Push a reviewed commit of Kei's with *files*, made on the version *onto*, to the branch *name*."""
        self.repository.committer = KEI
        self.repository.git("checkout", "--quiet", "--detach", onto)
        self.repository.commit(f"{subject}\n\n{_REVIEWED}", files, KEI)
        self.repository.push(f"HEAD:refs/heads/{name}")

    def push_broken(self, name: str, *, onto: str) -> None:
        """Push a version that passes its checks, and does not start, to the branch *name*."""
        self.change(name, "動かない版", {"front.py": _BROKEN}, onto=onto)

    def signed(self, key: str, remark: str = "") -> None:
        """Have kai sign off the open task *key*."""
        run = next(each for each in open_tasks() if each.work == key)
        facts = lists.facts_of(run, self.edition, PARTS, self.now)
        order = TaskOrder(run.pk, self.giver("kai"), self.edition, PARTS)
        tasks.sign_off(order, remark, shown=digest_of_facts(run.pk, facts), now=self.now)

    def planned(self, version: str, *, at: datetime | None = None, cause: str = "") -> Release:
        """Have kai plan a release to production."""
        release = self.release(version, by="kai", at=at, cause=cause)
        self.work()
        return release

    def go_ahead(self, name: str = "kai") -> None:
        """Let the newest request go ahead without approval."""
        request = ApprovalRequest.objects.latest("pk")
        order = AnswerOrder(request.pk, request.digest, self.giver(name), self.edition, "店が開かない")
        answering.break_glass(order, EFFECTS, self.now)

    def customers(self, count: int) -> None:
        """Have *count* customers look at the shelves."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.shop.ports['shop']}") as client:
            for _ in range(count):
                client.get("/")

    def serves_in(self, environment: str) -> str:
        """Return the version that answers there now."""
        ports = {PRODUCTION: "shop", STAGING: "staging", DEVELOPMENT: "development"}
        return _version(self.shop.ports[ports[environment]])

    def newest(self, environment: str) -> Release:
        found = Release.objects.filter(environment=environment).select_related("artifact")
        return found.latest("pk")
