"""An event as the rest of Toban knows it, read from a bounded and masked payload. Pure.

A value of the wrong type is treated as missing: SDKs of ten languages and their users write these payloads,
and an event without its breadcrumbs is better than no event.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from toban.chapters.errors.intake.payload import event_id_of
from toban.text import printable

_SHORT = 200
_TITLE = 300
_AHEAD = timedelta(minutes=5)
"""How far a clock may be ahead of Toban's; a later event is dated by its arrival."""
_BACK = timedelta(days=30)
_CHAIN = 10


class EventLevel(StrEnum):
    """The severity of an event as it was sent, most severe first."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"


_LEVELS = {
    **{each.value: each for each in EventLevel},
    "critical": EventLevel.FATAL,
    "log": EventLevel.INFO,
    "warn": EventLevel.WARNING,
}


def known_level(word: str) -> EventLevel | None:
    """Return the level that an SDK or a logger calls *word*; None if it is unknown."""
    return _LEVELS.get(word.lower())


@dataclass(frozen=True, slots=True)
class StackFrame:
    """One call of a stack."""

    module: str = ""
    function: str = ""
    file: str = ""
    line: int = 0
    in_app: bool = False
    before: tuple[str, ...] = ()
    source: str = ""
    after: tuple[str, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RaisedException:
    """An exception of the chain; the innermost call is last."""

    kind: str
    value: str
    handled: bool | None = None
    """Whether the application caught it itself; None if it doesn't say."""
    frames: tuple[StackFrame, ...] = ()


@dataclass(frozen=True, slots=True)
class Crumb:
    """A breadcrumb: something that happened before the event."""

    at: datetime
    category: str
    level: str
    message: str
    more: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """One event. Unknown fields are empty."""

    event_id: str
    """32 hexadecimal digits; empty if the sender gave none."""
    at: datetime
    level: EventLevel
    message: str
    template: str
    """The message before its values were filled in; empty if unknown."""
    raised: tuple[RaisedException, ...]
    """The chain of exceptions; the last is the one that surfaced."""
    stack: tuple[StackFrame, ...] = ()
    """Where a message was logged, if it has no exception."""
    fingerprint: tuple[str, ...] = ()
    platform: str = ""
    logger: str = ""
    transaction: str = ""
    server: str = ""
    release: str = ""
    environment: str = ""
    sdk: str = ""
    trace_id: str = ""
    request_id: str = ""
    user: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, object] = field(default_factory=dict)
    contexts: Mapping[str, object] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)
    crumbs: tuple[Crumb, ...] = ()

    @property
    def title(self) -> str:
        """Its title in lists."""
        if self.raised:
            last = self.raised[-1]
            return _first_line(f"{last.kind}: {last.value}" if last.value else last.kind) or "Error"
        return _first_line(self.message) or "(no message)"

    @property
    def culprit(self) -> str:
        """Where it happened: the innermost call of the application itself, else the transaction or logger."""
        calls = self.raised[-1].frames if self.raised else ()
        own = [call for call in calls if call.in_app] or calls
        if own:
            last = own[-1]
            return f"{last.module or last.file} {last.function}".strip()[:_TITLE]
        return self.transaction or self.logger

    @property
    def user_key(self) -> str:
        """An identifier that tells users apart; empty if no user is named."""
        return next(
            (self.user[name] for name in ("id", "email", "username", "ip_address") if self.user.get(name)), ""
        )


def read_event(payload: Mapping[str, object], now: datetime) -> ErrorEvent:
    """Read a payload that is already bounded and masked."""
    contexts, tags = _record(payload.get("contexts")), _texts(payload.get("tags"))
    message, template = _message(payload)
    request = _record(payload.get("request"))
    raised = tuple(_chain(payload))
    return ErrorEvent(
        event_id=event_id_of(payload.get("event_id")),
        at=moment_of(payload.get("timestamp"), now),
        level=known_level(_short(payload.get("level"))) or EventLevel.ERROR,
        message=message,
        template=template,
        raised=raised,
        stack=() if raised else tuple(_frames(payload.get("stacktrace") or _thread(payload))),
        fingerprint=tuple(_short(each) for each in _values(payload.get("fingerprint")) if _short(each)),
        platform=_short(payload.get("platform")),
        logger=_short(payload.get("logger")),
        transaction=_short(payload.get("transaction")),
        server=_short(payload.get("server_name")),
        release=_short(payload.get("release")),
        environment=_short(payload.get("environment")),
        sdk=_sdk(payload.get("sdk")),
        trace_id=_short(_record(contexts.get("trace")).get("trace_id")),
        request_id=_request_id(tags, request),
        user=_texts(payload.get("user")),
        tags=tags,
        request=request,
        contexts=contexts,
        extra=_record(payload.get("extra")),
        crumbs=tuple(_crumbs(payload.get("breadcrumbs"), now)),
    )


def moment_of(written: object, now: datetime) -> datetime:
    """Read seconds since 1970 or RFC 3339; an implausible time is replaced by *now*."""
    try:
        if isinstance(written, str):
            found = datetime.fromisoformat(written)
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        elif isinstance(written, int | float) and not isinstance(written, bool):
            found = datetime.fromtimestamp(written, UTC)
        else:
            return now
        return found.astimezone(UTC) if now - _BACK <= found <= now + _AHEAD else now
    except (ValueError, OverflowError, OSError):
        return now


def _chain(payload: Mapping[str, object]) -> Iterator[RaisedException]:
    values = _values(payload.get("exception"))
    for each in values[-_CHAIN:]:
        one = _record(each)
        kind, value = _short(one.get("type")), _text(one.get("value"))
        frames = tuple(_frames(one.get("stacktrace")))
        if kind or value or frames:
            handled = _record(one.get("mechanism")).get("handled")
            yield RaisedException(
                kind or "Error", value, handled if isinstance(handled, bool) else None, frames
            )


def _thread(payload: Mapping[str, object]) -> object:
    """Return the stack of the thread that crashed, or else of the one that reported; None without one."""
    threads = [_record(each) for each in _values(payload.get("threads"))]
    told = [each for word in ("crashed", "current") for each in threads if each.get(word) is True]
    return told[0].get("stacktrace") if told else None


def _frames(stack: object) -> Iterator[StackFrame]:
    for each in _values(_record(stack).get("frames")):
        one = _record(each)
        line = one.get("lineno")
        yield StackFrame(
            module=_short(one.get("module")),
            function=_short(one.get("function")),
            file=_short(one.get("filename")) or _short(one.get("abs_path")),
            line=line if isinstance(line, int) and not isinstance(line, bool) else 0,
            in_app=one.get("in_app") is True,
            before=tuple(_text(text) for text in _values(one.get("pre_context"))),
            source=_text(one.get("context_line")),
            after=tuple(_text(text) for text in _values(one.get("post_context"))),
            variables=_record(one.get("vars")),
        )


def _message(payload: Mapping[str, object]) -> tuple[str, str]:
    """Return the message, and its template if known."""
    entry = payload.get("logentry") or payload.get("message")
    if isinstance(entry, Mapping):
        template = _text(entry.get("message"))
        return _text(entry.get("formatted")) or template, template if entry.get("params") else ""
    return _text(entry), ""


def _crumbs(written: object, now: datetime) -> Iterator[Crumb]:
    for each in _values(written):
        one = _record(each)
        if one:
            yield Crumb(
                moment_of(one.get("timestamp"), now),
                _short(one.get("category")) or _short(one.get("type")),
                _short(one.get("level")),
                _text(one.get("message")),
                _record(one.get("data")),
            )


def _request_id(tags: Mapping[str, str], request: Mapping[str, object]) -> str:
    """Return the id that finds the request's log lines: a tag's or a header's."""
    headers = {name.lower(): _short(value) for name, value in _record(request.get("headers")).items()}
    named = {name.lower().replace("_", "").replace("-", ""): value for name, value in tags.items()}
    return named.get("requestid") or headers.get("x-request-id") or headers.get("x-correlation-id") or ""


def _sdk(written: object) -> str:
    sdk = _record(written)
    return f"{_short(sdk.get('name'))} {_short(sdk.get('version'))}".strip()


def _values(written: object) -> Sequence[object]:
    """Return a list's members; SDKs also write `{"values": […]}`."""
    found = written.get("values") if isinstance(written, Mapping) else written
    return found if isinstance(found, list) else ()


def _record(written: object) -> Mapping[str, object]:
    return written if isinstance(written, Mapping) else {}


def _texts(written: object) -> dict[str, str]:
    return {name: _short(value) for name, value in _record(written).items() if _short(value)}


def _text(written: object) -> str:
    if isinstance(written, bool) or written is None or isinstance(written, Mapping | list):
        return ""
    return str(written)


def _short(written: object) -> str:
    """Return the text as a short name on one line."""
    text = str(written).lower() if isinstance(written, bool) else _text(written)
    return printable(" ".join(text.split())[:_SHORT])


def _first_line(text: str) -> str:
    return printable(next(iter(text.strip().splitlines()), "").strip()[:_TITLE])
