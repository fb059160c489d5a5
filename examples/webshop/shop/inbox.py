"""Where the demo's notifications arrive: a mailbox, a chat's webhook, and a page that shows both.

`python -m shop.inbox --port N --smtp-port N`. SHOP_CHAT_KEY is the secret part of the webhook's path. The
newest messages are kept in memory, and nothing is sent on to anybody.
"""

import json
import os
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from html import escape
from pathlib import Path
from secrets import compare_digest
from string import Template
from typing import Any

import click
import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

PAGE = Path(__file__).with_name("inbox.html")
MOST = 200
"""Messages of each kind; the oldest are dropped."""
LARGEST = 256 * 1024
"""Bytes of a message; a larger one is refused."""
LONGEST = 8_000
"""Characters that are shown of one."""
_MENTION = re.compile(r"<@(\w+)>")
_LINK = re.compile(r"<(https?://[^|<>]+)\|([^<>]*)>")
_ADDRESS = re.compile(r"https?://[\w.:/?=#%~-]+")
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as somebody reads it."""

    at: datetime
    to: str
    title: str
    text: str


class Mailbox:
    """What has arrived, newest first."""

    def __init__(self) -> None:
        self.letters: deque[Letter] = deque(maxlen=MOST)

    def put(self, to: str, title: str, text: str) -> None:
        """Keep a message."""
        now = datetime.now().astimezone()
        self.letters.appendleft(Letter(now, to[:LONGEST], title[:LONGEST], text[:LONGEST]))

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail (aiosmtpd's hook)."""
        mail = message_from_bytes(envelope.original_content or b"", _class=EmailMessage, policy=modern)
        body = mail.get_body(("plain",))
        self.put(", ".join(envelope.rcpt_tos), str(mail["Subject"]), body.get_content() if body else "")
        return "250 OK"


def texts(part: object) -> Iterator[str]:
    """Yield the texts of a message's blocks in their order."""
    match part:
        case {"text": str(text)}:
            yield text
        case dict():
            for each in part.values():
                yield from texts(each)
        case list():
            for each in part:
                yield from texts(each)


def unescaped(text: str) -> str:
    """Return what a chat shows for *text*: `<@ID>` mentions, `<URL|words>` links, and the rest is escaped."""
    text = _LINK.sub(r"\2 \1", _MENTION.sub(r"@\1", text))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


async def chat(request: Request) -> Response:
    """Take a message as Slack's incoming webhook does."""
    if not compare_digest(request.path_params["key"].encode(), os.environ["SHOP_CHAT_KEY"].encode()):
        return PlainTextResponse("no_service", status_code=404)
    try:
        said: dict[str, Any] = json.loads(await _body(request))
        title, *rest = list(texts(said.get("blocks", []))) or [str(said["text"])]
    except (ValueError, KeyError, AttributeError, RecursionError):
        return PlainTextResponse("invalid_payload", status_code=400)
    request.app.state.chat.put("", unescaped(title), unescaped("\n".join(rest)))
    return PlainTextResponse("ok")


async def _body(request: Request) -> bytes:
    taken = bytearray()
    async for piece in request.stream():
        taken += piece
        if len(taken) > LARGEST:
            raise ValueError("too large")
    return bytes(taken)


async def page(request: Request) -> Response:
    """Show all messages; everything in them is text."""
    state = request.app.state
    shown = {
        name: "".join(map(_shown, box.letters)) for name, box in (("chat", state.chat), ("mail", state.mail))
    }
    return HTMLResponse(Template(PAGE.read_text(encoding="utf-8")).substitute(shown), headers=HEADERS)


def _shown(letter: Letter) -> str:
    to = f"<p>→ {escape(letter.to)}</p>" if letter.to else ""
    at = f'<time datetime="{letter.at.isoformat()}">{letter.at:%m-%d %H:%M:%S}</time>'
    # None of an address's characters is changed by escaping.
    text = _ADDRESS.sub(r'<a href="\g<0>">\g<0></a>', escape(letter.text))
    return f"<article><h3>{escape(letter.title)}</h3>{at}{to}<pre>{text}</pre></article>"


async def healthz(_: Request) -> Response:
    """Say that it takes messages."""
    return PlainTextResponse("ok\n")


def application(chat_box: Mailbox, mail_box: Mailbox) -> Starlette:
    """Return the page and the webhook over two boxes."""
    app = Starlette(
        routes=[
            Route("/", page),
            Route("/chat/{key}", chat, methods=["POST"]),
            Route("/healthz", healthz),
        ],
        # A page elsewhere whose name leads here could read the messages with a visitor's browser.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )
    app.state.chat, app.state.mail = chat_box, mail_box
    return app


@contextmanager
def mail_server(box: Mailbox, port: int) -> Iterator[None]:
    """Take mail into *box* on a loopback port."""
    controller = Controller(box, hostname="127.0.0.1", port=port, data_size_limit=LARGEST)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--smtp-port", type=int, required=True)
def main(port: int, smtp_port: int) -> None:
    """Take messages until stopped."""
    chat_box, mail_box = Mailbox(), Mailbox()
    with mail_server(mail_box, smtp_port):
        uvicorn.run(application(chat_box, mail_box), host="127.0.0.1", port=port, access_log=False)


if __name__ == "__main__":
    main()
