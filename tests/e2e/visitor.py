"""Sign in to a running Toban form by form, like a person but without a browser."""

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import override

import httpx
from tests.e2e.running import Toban

PASSWORD = "Namikaze-no-Shop-2026!"


@dataclass
class Form:
    """A form of a page: its target and its entries."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """All forms of a page, and the secret shown on the page for the second factor."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.secret = ""
        self.feed(page.text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", "")))
        elif tag == "input":
            if given.get("id") == "authenticator_secret":
                self.secret = given["value"]
            if self.found and "name" in given:
                self.found[-1].fields[given["name"]] = given.get("value", "")


def submit(client: httpx.Client, page: httpx.Response, **entries: str) -> httpx.Response:
    """Fill in the form of *page* that has all these entries, and send it."""
    form = next(form for form in Forms(page).found if entries.keys() <= form.fields.keys())
    return client.post(
        page.url.join(form.action), data={**form.fields, **entries}, headers={"Referer": str(page.url)}
    ).raise_for_status()


def one_time_code(secret: str, *, at: float) -> str:
    """Return the six digits of an authenticator at the Unix time *at* (RFC 6238, 30 s, SHA-1)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


@contextmanager
def first_sign_in(toban: Toban) -> Iterator[httpx.Client]:
    """Sign in as the first administrator: one-time password, a new password, a second factor."""
    with httpx.Client(base_url=toban.url, follow_redirects=True, timeout=30) as client:
        page = client.get("/")
        page = submit(client, page, login="admin", password=toban.one_time_password)
        submit(client, page, oldpassword=toban.one_time_password, password1=PASSWORD, password2=PASSWORD)
        page = client.get("/accounts/2fa/totp/activate/")
        submit(client, page, code=one_time_code(Forms(page).secret, at=time.time()))
        yield client
