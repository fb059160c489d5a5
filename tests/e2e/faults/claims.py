"""What a Toban claims about its rows, second by second, beside what is true: false greens are counted."""

import json
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape

import httpx
from tests.e2e.running import wait_for

GREEN = "conforming"
_ROW = re.compile(r'class="verdict ([a-z-]+)" data-clause="([^"]+)"')

type Verdicts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """One answer of a view: the verdict of each row, between two moments of the monotonic clock."""

    view: str
    asked: float
    answered: float
    verdicts: Verdicts


class Truth:
    """Whether what each row watches is well, as the test has made it; before the first word it is well."""

    def __init__(self, graces: Mapping[str, float]) -> None:
        """*graces*: row → the seconds within which its document lets Toban notice."""
        self.graces = graces
        self._since = {row: [(-math.inf, True)] for row in graces}

    def is_well(self, *rows: str) -> None:
        """From now on what *rows* watch is well."""
        self._turn(rows, is_well=True)

    def fails(self, *rows: str) -> None:
        """From now on what *rows* watch fails, or nothing is heard of it."""
        self._turn(rows, is_well=False)

    def _turn(self, rows: Iterable[str], *, is_well: bool) -> None:
        for row in rows:
            self._since[row].append((time.monotonic(), is_well))

    def may_be_green(self, row: str, claim: Claim) -> bool:
        """Return whether what *row* watches was well at any time that *claim* may still speak of."""
        began = claim.asked - self.graces[row]
        at_first = [is_well for at, is_well in self._since[row] if at <= began][-1]
        later = [is_well for at, is_well in self._since[row] if began < at <= claim.answered]
        return any([at_first, *later])


@dataclass(frozen=True, slots=True)
class Found:
    """What a view claimed of what had not been well for too long."""

    claims: int
    false_greens: Counter[str]


def compared(claims: Iterable[Claim], truth: Truth) -> Found:
    """Compare *claims* with the *truth*."""
    false = [
        (row, claim.verdicts[row])
        for claim in claims
        for row in truth.graces
        if row in claim.verdicts and not truth.may_be_green(row, claim)
    ]
    return Found(len(false), Counter(row for row, verdict in false if verdict == GREEN))


@dataclass
class View:
    """One way to read the rows, asked again and again in a thread of its own."""

    name: str
    ask: Callable[[], Verdicts]
    every: float
    claims: list[Claim] = field(default_factory=list)
    unanswered: int = 0
    """Questions without an answer: nothing is claimed then."""

    def watch(self, enough: threading.Event) -> None:
        """Ask until it is *enough*."""
        while not enough.is_set():
            asked = time.monotonic()
            try:
                verdicts = self.ask()
            except (httpx.HTTPError, json.JSONDecodeError):
                self.unanswered += 1
            else:
                self.claims.append(Claim(self.name, asked, time.monotonic(), verdicts))
            enough.wait(max(0.0, asked + self.every - time.monotonic()))

    @property
    def latest(self) -> Verdicts:
        """The last answer."""
        return self.claims[-1].verdicts if self.claims else {}

    def await_all(self, rows: Iterable[str], *, within: float, green: bool = True) -> None:
        """Wait until all *rows* are green, or none of them."""
        wanted = list(rows)
        try:
            wait_for(lambda: all((self.latest.get(row) == GREEN) is green for row in wanted), within=within)
        except AssertionError:
            raise AssertionError({row: self.latest.get(row) for row in wanted}) from None


@contextmanager
def watched(*views: View) -> Iterator[None]:
    """Watch through *views* inside the block."""
    enough = threading.Event()
    with ExitStack() as ending:
        for view in views:
            thread = threading.Thread(target=view.watch, args=(enough,))
            thread.start()
            ending.callback(thread.join)
        ending.callback(enough.set)
        yield


def on_page(page: httpx.Response) -> Verdicts:
    """Return the verdicts on the document's page."""
    page.raise_for_status()
    return {unescape(row): verdict for verdict, row in _ROW.findall(page.text)}


class OpenPage:
    """A page that somebody opened and leaves open: its script patches the rows that the live stream sends."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._rows = dict(on_page(client.get("/")))
        self._is_connected = threading.Event()
        # It ends with the server.
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._is_connected.wait(20)

    def _listen(self) -> None:
        with suppress(httpx.HTTPError), self._client.stream("GET", "/live?since=0", timeout=None) as stream:
            self._is_connected.set()
            for line in stream.iter_lines():
                if line.startswith("data: ["):
                    rows = json.loads(line.removeprefix("data: "))
                    self._rows.update({row["id"]: row["verdict"] for row in rows})
        self._is_connected.clear()

    def look(self) -> Verdicts:
        """Return what it shows; raises `httpx.HTTPError` when the stream has ended."""
        if not self._is_connected.is_set():
            raise httpx.RemoteProtocolError("the stream has ended")
        return dict(self._rows)


def to_the_public(answer: httpx.Response) -> Verdicts:
    """Return the states on the public page: `public/NAME` is green while it is operational."""
    answer.raise_for_status()
    return {
        f"public/{each['name']}": GREEN if each["state"] == "operational" else each["state"]
        for each in answer.json()["services"]
    }


def in_status(told: str) -> Verdicts:
    """Return the verdicts in the output of `toban status --format json`."""
    return {row["id"]: row["verdict"] for row in json.loads(told)["rows"]}


def report(views: Iterable[View], truth: Truth) -> Counter[str]:
    """Print what each view claimed, and return its false greens; fail if it could not have made one."""
    false: Counter[str] = Counter()
    for view in views:
        found = compared(view.claims, truth)
        print(  # noqa: T201
            f"{view.name}: {len(view.claims)} answers, {view.unanswered} times none; of what failed"
            f" {found.claims} claims, {found.false_greens.total()} of them green"
        )
        assert found.claims > 0
        false += found.false_greens
    return false
