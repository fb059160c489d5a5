"""Look at a page of a Toban that runs from your working tree: a screenshot, without signing in.

`python -m tools.look /alerts/ --width 390 --dark --language en --output alerts.png`, with the TOBAN_HOME of
the running `toban up` (by default `var`). It writes a session of a viewer, `developer`, into that database:
for your own machine, never for a Toban that others use. It needs Chromium.
"""

import argparse
import os
import secrets
import shutil
import sys
from pathlib import Path

VIEWER = "developer"
_NOTHING_TO_SEE = 2


def session() -> str:
    """Sign in the viewer, with everything that accounts need, and return the session's key."""
    import django  # noqa: PLC0415 - the home comes from the command line

    django.setup()
    from allauth.mfa.models import Authenticator  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from toban.engine.clock import system_clock  # noqa: PLC0415
    from toban.engine.people.models import Operator  # noqa: PLC0415

    viewer, is_new = Operator.objects.get_or_create(username=VIEWER)
    if is_new:
        viewer.set_password(secrets.token_urlsafe())
        viewer.password_changed_at = system_clock()
        viewer.save()
        Authenticator.objects.create(user=viewer, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    store = SessionStore()
    store[SESSION_KEY] = str(viewer.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = viewer.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def shoot(asked: argparse.Namespace, key: str) -> None:
    """Save a screenshot of the page from a browser."""
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - only here

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        sys.stderr.write("Chromium is not there\nHINT: on Debian, apt-get install chromium\n")
        raise SystemExit(_NOTHING_TO_SEE)
    with sync_playwright() as playwright:
        # Chromium refuses to run its sandbox as root.
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=os.geteuid() != 0)
        context = browser.new_context(
            viewport={"width": asked.width, "height": asked.height},
            color_scheme="dark" if asked.dark else "light",
            locale="en-GB" if asked.language == "en" else "ja-JP",
        )
        context.add_cookies(
            [
                {"name": "sessionid", "value": key, "url": asked.url},
                {"name": "django_language", "value": asked.language, "url": asked.url},
            ]
        )
        page = context.new_page()
        try:
            page.goto(asked.url.rstrip("/") + asked.page)
        except Error as error:
            sys.stderr.write(
                f"{error.message.partition(chr(10))[0]}\nHINT: start ./toban up, and name it by --url\n"
            )
            raise SystemExit(_NOTHING_TO_SEE) from error
        # Live parts load after the page, and a stream never ends.
        page.wait_for_timeout(asked.wait)
        page.screenshot(path=asked.output, full_page=asked.full)
        browser.close()


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.look", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("page", nargs="?", default="/")
    parser.add_argument("--url", default="http://127.0.0.1:8300")
    parser.add_argument("--output", type=Path, default=Path("page.png"))
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--full", action="store_true", help="the whole page, not only what is seen first")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--language", choices=("ja", "en"), default="ja")
    parser.add_argument("--wait", type=int, default=1500, help="milliseconds before the picture is taken")
    asked = parser.parse_args()
    os.environ.setdefault("TOBAN_HOME", "var")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toban.settings")
    shoot(asked, session())


if __name__ == "__main__":
    main()
