"""The page of 1,000 rows in a browser while they turn critical: `python -m benchmarks.page [--rows 1000]`.

Serves a document of that many monitors, all conforming, and opens it in Chromium, 1440 by 900. Prints the
size of the page as the browser decodes it, its elements, when it was first painted (first-contentful-paint),
and the longest task of its main thread (PerformanceObserver, `longtask`) while it loaded, while all rows
turned critical in one moment, while a reader went to the document's end a screen at a time, and while it was
opened again after all that.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from benchmarks.figures import state
from playwright.sync_api import Page
from tests.e2e.browsing import chromium, signed_in
from tests.integration.faces.ingest.served import Served
from tests.large import clauses_of, document_of
from tests.ports import free_port

OBSERVE = """() => {
    window.tasks = [];
    new PerformanceObserver(list => list.getEntries().forEach(each => tasks.push(each.duration)))
        .observe({ type: "longtask", buffered: true });
}"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
SIZE = "performance.getEntriesByType('navigation')[0].decodedBodySize"
ELEMENTS = "document.querySelectorAll('*').length"
TOLD = "rows => document.querySelector('#troubles h2 b')?.textContent === String(rows)"
QUIET_SECONDS = 4.0
LONGEST_TASK, LARGEST, FIRST = 50, 300, 1000
"""What is wanted at most: milliseconds of a task, kB of the page, milliseconds until it is painted."""


@contextmanager
def serving(document: str) -> Iterator[Served]:
    """Serve *document* to a viewer inside the block."""
    with TemporaryDirectory() as home:
        served = Served(Path(home), free_port(), document)
        served.prepare()
        served.session = served.act("session")
        served.launch()
        try:
            yield served
        finally:
            served.stop()


@contextmanager
def tasks_of(page: Page, what: str) -> Iterator[None]:
    """Print the long tasks of the block, and of the seconds after it."""
    page.evaluate("tasks.length = 0")
    yield
    time.sleep(QUIET_SECONDS)
    say(page, what)


def say(page: Page, what: str) -> None:
    """Print the long tasks since they were last forgotten."""
    found: list[float] = page.evaluate("tasks")
    longest = max(found, default=0)
    print(f"{what:<36} {longest:7.0f} ms the longest task, {len(found)} of 50 ms and more")
    # The browser reports tasks of 50 ms and more only.
    state(f"{what.strip()}, longest task", longest, "ms", most=LONGEST_TASK)


def opened(page: Page, served: Served, what: str) -> None:
    """Open the page, and print what it is and what it cost."""
    page.goto(served.url)
    page.wait_for_selector('body[data-live="on"]')
    time.sleep(QUIET_SECONDS)
    size, painted = page.evaluate(SIZE) / 1000, page.evaluate(FIRST_PAINT)
    print(f"{what:<36} {size:7.0f} kB, {page.evaluate(ELEMENTS)} elements")
    print(f"{'  first painted':<36} {painted:7.0f} ms")
    state(f"{what}, size", size, "kB", most=LARGEST)
    state(f"{what}, first painted", painted, "ms", most=FIRST)
    say(page, f"  {what}, while it loads")


def storm(served: Served, page: Page, rows: int) -> None:
    """Let all rows turn critical, and wait until the page has said so."""
    served.act("storm", "deviating", "91%", *clauses_of(rows))
    page.wait_for_function(TOLD, arg=rows, timeout=120_000)


def read_through(page: Page) -> None:
    """Go from the top to the end, a screen at a time."""
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 800):
        page.evaluate("top => scrollTo(0, top)", top)
        page.wait_for_timeout(60)


@click.command()
@click.option("--rows", type=click.IntRange(1), default=1000, show_default=True)
def main(rows: int) -> None:
    """Print what a storm of ROWS critical rows does to the open page."""
    with serving(document_of(rows)) as served:
        served.act("storm", "conforming", "12%", *clauses_of(rows))
        with chromium() as browser, signed_in(browser, served, 1440) as context:
            page = context.new_page()
            page.add_init_script(f"({OBSERVE})()")
            # The first request of a process draws the document once for all.
            page.goto(served.url)
            opened(page, served, "page")
            with tasks_of(page, f"{rows} rows turn critical"):
                storm(served, page, rows)
            with tasks_of(page, "read to its end"):
                read_through(page)
            print(f"{'  then':<36} {page.evaluate(ELEMENTS):7} elements")
            opened(page, served, "page after the storm")


if __name__ == "__main__":
    main()
