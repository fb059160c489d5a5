"""`kind = "page"`: a page of a wiki, as its server gives it out by HTTP."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import Field

from toban.chapters.documents.bindings import DocumentBinding
from toban.chapters.documents.places.decoding import decoded
from toban.chapters.documents.places.place import DocumentKind, DocumentMissing, FoundDocument, PlaceUnknown
from toban.chapters.documents.places.text import (
    MOST_TEXT,
    asks_for_password,
    digest_of,
    file_digest,
    from_html,
    links_of,
)
from toban.engine.git.line import shown
from toban.engine.network.http import HttpAccess, HttpAnswer, Unanswered, fetch, new_client
from toban.message import Message, message_of

_OK, _REFUSED, _GONE = (200,), (401, 403), (404, 410)
_JUST_NOW = timedelta(seconds=3)
"""A page that is put together for each answer says so. What was really just changed says it next time."""
_LATEST = 4_102_444_800.0
"""The year 2100, in seconds: a server may claim any time."""


class PageDocument(DocumentBinding, HttpAccess):
    """`kind = "page"`: a page, or what the API of a wiki says of it."""

    spot: ClassVar[tuple[str, ...]] = ("url", "text", "part")
    example: ClassVar[Mapping[str, str]] = {"url": "https://wiki.example.com/procedures"}

    text: str = Field(default="", max_length=200)
    """For an API that answers in JSON: where the text is, as `body.storage.value`."""
    part: str = Field(default="", max_length=200)
    """The id, or the name, of the element that holds the document; empty: `main`, if the page has it."""
    changed_at: str = Field(default="", max_length=200)
    """The same for the time of the last change; without it the header Last-Modified counts."""
    changed_by: str = Field(default="", max_length=200)
    """The same for who has changed it."""


class PagePlace:
    """One page. See `DocumentPlace`."""

    def __init__(self, config: PageDocument) -> None:
        self._config = config

    def read(self) -> FoundDocument:
        """See `DocumentPlace`."""
        found = self._found()
        # Only its words tell whether such a page was changed.
        if found.changed_at is None and _told_apart(self._found()) != _told_apart(found):
            raise PlaceUnknown(Message("documents.never-the-same", place=self._config.place))
        return found

    def _found(self) -> FoundDocument:
        answer = self._fetch(httpx.URL(self._config.url))
        place = self._config.place
        if answer.status in _GONE:
            raise DocumentMissing(Message("documents.page-gone", place=place, status=answer.status))
        if answer.status in _REFUSED:
            raise PlaceUnknown(Message("documents.not-let-in", place=place, status=answer.status))
        if answer.status not in _OK:
            raise PlaceUnknown(
                Message("documents.page-status", place=place, status=answer.status), retry=True
            )
        return self._by_fields(answer) if self._config.text else _as_page(answer, self._config)

    def is_there(self, link: str) -> bool | None:
        """See `DocumentPlace`: it asks its own server, and no address with a query, which may be an act."""
        own, target = urlsplit(self._config.url), urlsplit(urljoin(self._config.url, link))
        if (target.scheme, target.netloc) != (own.scheme, own.netloc) or target.query:
            return None
        try:
            answer = self._fetch(httpx.URL(target._replace(fragment="").geturl()))
        except (PlaceUnknown, httpx.InvalidURL):
            return None
        return answer.status not in _GONE

    def _fetch(self, url: httpx.URL) -> HttpAnswer:
        try:
            with new_client(self._config.ca_file) as client:
                return fetch(client, self._config, url)
        except Unanswered as error:
            raise PlaceUnknown(message_of(error), retry=True) from error

    def _by_fields(self, answer: HttpAnswer) -> FoundDocument:
        config = self._config
        try:
            held = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise PlaceUnknown(Message("documents.not-json", place=config.place)) from error
        written = _field(held, config.text)
        if not isinstance(written, str):
            raise PlaceUnknown(Message("documents.no-field", place=config.place, field=config.text))
        text, links = from_html(written, config.part) if "<" in written else (written, links_of(written))
        at, by = _field(held, config.changed_at), _field(held, config.changed_by)
        return FoundDocument(
            text[:MOST_TEXT],
            shown(answer.headers.get("etag", "")),
            _moment(at) or _modified(answer),
            shown(by) if isinstance(by, str) else "",
            links,
        )


def _told_apart(found: FoundDocument) -> str:
    return found.file_digest or digest_of(found.text)


def _as_page(answer: HttpAnswer, config: PageDocument) -> FoundDocument:
    kind, charset = _content_type(answer)
    tag, at = shown(answer.headers.get("etag", "")), _modified(answer)
    written = decoded(answer.body, charset)
    if written is None:
        return FoundDocument("", tag, at, file_digest=file_digest(answer.body))
    is_markup = kind.endswith(("html", "xml"))
    if is_markup and asks_for_password(written):
        raise PlaceUnknown(Message("documents.asks-for-password", place=config.place))
    text, links = from_html(written, config.part) if is_markup else (written, links_of(written))
    if config.part and is_markup and not text:
        raise PlaceUnknown(Message("documents.no-part", place=config.place, part=config.part))
    return FoundDocument(text[:MOST_TEXT], tag, at, "", links)


def _content_type(answer: HttpAnswer) -> tuple[str, str]:
    """Return what kind of file the server says it is, and in which encoding."""
    said = EmailMessage()
    said["content-type"] = answer.headers.get("content-type", "")
    return said.get_content_type(), said.get_content_charset("")


def _field(held: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        held = held.get(name) if isinstance(held, dict) else None
    return held if path else None


def _modified(answer: HttpAnswer) -> datetime | None:
    """Return when the page was last changed; None if its server doesn't say, or says "now" as it is asked."""
    at, asked_at = (_http_date(answer, name) for name in ("last-modified", "date"))
    return None if at is None or (asked_at is not None and abs(asked_at - at) < _JUST_NOW) else at


def _http_date(answer: HttpAnswer, name: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(answer.headers.get(name, ""))
    except (TypeError, ValueError):
        return None
    return at.replace(tzinfo=at.tzinfo or UTC)


def _moment(written: object) -> datetime | None:
    try:
        match written:
            case str():
                at = datetime.fromisoformat(written)
            case int() | float():
                # Some count milliseconds.
                at = datetime.fromtimestamp(written / 1000 if written > _LATEST else written, UTC)
            case _:
                return None
    except (ValueError, OverflowError, OSError):
        return None
    return at.replace(tzinfo=at.tzinfo or UTC)


def _open(config: PageDocument, _folder: Path) -> PagePlace:
    return PagePlace(config)


KIND = DocumentKind(PageDocument, _open)
"""The settings of `[documents.NAME]` with `kind = "page"`."""
