"""A real browser that opens a served document."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from tests.integration.faces.ingest.served import Served

QUIET = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    " --disable-sync"
)


# How long a page may take is for benchmarks to say: on a busy machine the default of five seconds is short.
expect.set_options(timeout=30_000)


def browser_program() -> str | None:
    """Return the installed Chromium, if there is one; without windows it takes half of the processor time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; skip the test if it is not installed."""
    program = browser_program()
    if program is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium-headless-shell)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            # Chromium refuses to use its sandbox as root.
            executable_path=program, args=QUIET.split(), chromium_sandbox=os.geteuid() != 0
        )  # fmt: skip
        yield started
        started.close()


def signed_in(
    browser: Browser, served: Served, width: int = 1500, *, scripts: bool = True, session: str = ""
) -> BrowserContext:
    """Open a browser signed in as the user of *session*, by default a viewer."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, locale="ja-JP", java_script_enabled=scripts
    )
    context.add_cookies([{"name": "sessionid", "value": session or served.session, "url": served.url}])
    return context
