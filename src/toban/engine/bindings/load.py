"""`toban.toml` to `Bindings`: reports every mistake at once, with file, line and a way out."""

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reading.declared.declaration import DeclaredElsewhere
from toban.engine.bindings.guarded import guarded, harmless_keys
from toban.engine.bindings.lines import Path as KeyPath
from toban.engine.bindings.lines import key_lines, nearest_line
from toban.engine.bindings.model import Bindings, BoundDiscovery, KindBinding
from toban.engine.bindings.reading.declared import Readings, declared
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.bindings.table import Models, Schema
from toban.engine.bindings.template import Template, fill
from toban.message import Message, lines, message_of, plain

_KEY = "[key]"
"""Last part of a path if the key is wrong, not its value."""


class UnreadableBindings(Exception):
    """The file can't be used; `findings` holds all the reasons."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(lines(*map(_said, findings)))
        self.findings = tuple(findings)


def load_bindings(path: Path, schema: Schema) -> Bindings:
    """Read the file at *path*, or raise `UnreadableBindings` with every finding.

    It does not check that secrets are available: see `secret_findings`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        missing, hint = Message("bindings.no-file"), Message("bindings.write-by-init")
        raise UnreadableBindings([_whole_file(path, missing, hint)]) from error
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else Message("bindings.not-utf-8")
        unreadable, hint = (
            Message("bindings.unreadable-file", why=why),
            Message("bindings.name-a-readable-file"),
        )
        raise UnreadableBindings([_whole_file(path, unreadable, hint)]) from error
    return read_bindings(text, path, schema)


def declared_in(path: Path) -> tuple[DeclaredElsewhere, ...]:
    """Return what the file at *path* declares about the document, if there is one; the rest is not read.

    Raises `UnreadableBindings`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        # Whoever needs the bindings says why.
        return ()
    if "[[reading]]" not in text:
        return ()
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableBindings([_syntax_finding(path, text, error)]) from error
    reading = _BindingsReading(path, path.parent, text.splitlines(), key_lines(text))
    frame = reading.take(Readings, raw, ())
    if frame is None:
        raise UnreadableBindings(reading.findings)
    return declared(frame.reading, str(path), reading.line)


def read_bindings(text: str, path: Path, schema: Schema, *, folder: Path | None = None) -> Bindings:
    """Read *text* as the file at *path*; relative paths start from *folder*, by default the file's folder."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableBindings([_syntax_finding(path, text, error)]) from error
    reading = _BindingsReading(path, folder or path.parent, text.splitlines(), key_lines(text))
    frame = reading.take(schema.frame, raw, ())
    written = _tables(raw, "targets").items()
    sources = schema.of("sources")
    targets = {name: tuple(reading.each_source(sources, name, table)) for name, table in written}
    discoveries = {name: tuple(reading.each_discovery(schema, name, table)) for name, table in written}
    channels = reading.each(schema.of("channels"), raw, "channels")
    stores = reading.each(schema.of("stores"), raw, "stores")
    kinded = {
        table.name: reading.each(schema.of(table.point.name), raw, table.name, default=table.default_kind)
        for table in schema.tables
        if table.point is not None
    }
    if reading.findings or frame is None:
        raise UnreadableBindings(sorted(set(reading.findings), key=lambda each: (each.origin, each.code)))
    tables = {each.name: kinded.get(each.name, getattr(frame, each.name)) for each in schema.tables}
    return Bindings(
        file=str(path),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        system=frame.system,
        targets=targets,
        people=frame.people,
        channels=channels,
        meanings=frame.assumptions,
        lines=_lines(reading, {**dict(frame), **tables}),
        stores=stores,
        notices=frame.notices,
        heartbeat=frame.heartbeat,
        senders=frame.senders,
        evidence=frame.evidence,
        discoveries=discoveries,
        duty=frame.duty,
        runs_on={name: table.runs_on for name, table in frame.targets.items() if table.runs_on},
        tables=tables,
        folder=reading.folder,
        written=frozenset(_written(raw)),
        acting_digest=_acting_digest(raw),
        readings=declared(frame.reading, str(path), reading.line),
        guarded=guarded(raw, frozenset(reading.harmless)),
    )


_TELLING = frozenset({"people", "duty", "channels", "notices", "senders", "heartbeat", "evidence"})
"""The tables that say who is told what, by which way: a change of them changes nothing that Toban does."""


def _written(
    table: Mapping[str, object], path: tuple[str, ...] = (), *, of_array: bool = False
) -> Iterator[str]:
    """Yield the name of each setting in *table*, as `Bindings.written` has them."""
    head = ".".join(path)
    for key, value in table.items():
        yield f"[[{head}]] {key}" if of_array else f"[{head}] {key}"
        if isinstance(value, Mapping):
            yield from _written(value, (*path, key))
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, Mapping):
                    yield from _written(each, (*path, key), of_array=True)


def _acting_digest(raw: Mapping[str, object]) -> str:
    acting = {name: table for name, table in raw.items() if name not in _TELLING}
    return hashlib.sha256(json.dumps(acting, sort_keys=True, default=str).encode()).hexdigest()


def _lines(reading: "_BindingsReading", tables: Mapping[str, object]) -> Mapping[tuple[str, str], int]:
    """Return the line of each of *tables*, under an empty entry name, and of each of its entries."""
    return {
        (table, name): reading.line((table, name) if name else (table,))
        for table, found in tables.items()
        for name in ("", *(found if isinstance(found, Mapping) else ()))
    }


def secret_findings(bindings: Bindings) -> tuple[Finding, ...]:
    """Return a finding for each secret that can't be read now, or that every account here could read."""
    found = []
    for config, line in _configs(bindings):
        for key, secret in secrets_of(config):
            origin = Origin(bindings.file, line)
            quote = f'{key} = "{secret}"'
            try:
                secret.reveal()
            except SecretUnavailable as error:
                hint = Message("bindings.place-the-secret")
                found.append(Finding("BD007", FindingLevel.WARNING, origin, message_of(error), quote, hint))
            if secret.is_open_to_all():
                message = Message("bindings.secret-open-to-all")
                hint = plain(f"chmod 600 {secret.reference.removeprefix(Secret.FILE)}")
                found.append(Finding("BD008", FindingLevel.WARNING, origin, message, quote, hint))
    return tuple(found)


def _configs(bindings: Bindings) -> Iterator[tuple[BaseModel, int]]:
    """Yield everything that may refer to a secret, with its line."""
    bound: list[KindBinding[Any]] = [each for group in bindings.targets.values() for each in group]
    for each_found in bindings.discoveries.values():
        bound += [part for each in each_found for part in (each.bound, each.sample)]
    yield from ((each.config, each.line) for each in bound)
    engine = {"channels": bindings.channels, "stores": bindings.stores, "senders": bindings.senders}
    for table, said in {**engine, "heartbeat": bindings.heartbeat, **bindings.tables}.items():
        entries = said if isinstance(said, Mapping) else {"": said}
        for name, entry in entries.items():
            config = entry.config if isinstance(entry, KindBinding) else entry
            if isinstance(config, BaseModel):
                yield config, bindings.lines[table, name]


def secrets_of(config: BaseModel) -> Iterator[tuple[str, Secret]]:
    """Yield the secrets that *config* refers to, each with its key."""
    for key, value in config:
        if isinstance(value, Secret):
            yield key, value
        elif isinstance(value, BaseModel):
            yield from secrets_of(value)


def _tables(raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the tables under *key*; anything else was already reported by the frame."""
    found = raw.get(key, {})
    return (
        {name: table for name, table in found.items() if isinstance(table, dict)}
        if isinstance(found, dict)
        else {}
    )


def _said(finding: Finding) -> Message:
    """Return *finding* as it is printed."""
    quote = "\n".join(f"    {line}" for line in finding.quote.splitlines())
    return Message(
        "bindings.finding",
        at=finding.origin,
        finding=finding.code,
        message=finding.message,
        quote=quote,
        hint=finding.hint,
    )


def _whole_file(path: Path, message: Message, hint: Message) -> Finding:
    return Finding("BD001", FindingLevel.ERROR, Origin(str(path), 1), message, str(path), hint)


_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


def _syntax_finding(path: Path, text: str, error: tomllib.TOMLDecodeError) -> Finding:
    match = _AT_LINE.search(str(error))
    lines = text.splitlines() or [""]
    line = int(match[1]) if match and match[1] else len(lines)
    quote = _masked(lines[min(line, len(lines)) - 1])
    message = Message("bindings.not-toml", why=_AT_LINE.sub("", str(error)))
    hint = Message("bindings.quote-names")
    return Finding("BD001", FindingLevel.ERROR, Origin(str(path), line), message, quote, hint)


_VALUE = re.compile(r"(=\s*)[\"'](?!env:|file:).*")


def _masked(line: str) -> str:
    """Return the line without its text values: one of them may be a secret in the wrong place."""
    return _VALUE.sub(r'\1"…"', line.strip())


_LABELS = ("sample", "1", "i-0123456789abcdef0")
"""Sample values for labels whose values are unknown when the file is read."""


class _SampleHost(dict[str, str]):
    """A sample host to try a template on: labels that are not *known* all have the value *label*."""

    def __init__(self, known: Mapping[str, str], label: str) -> None:
        super().__init__(known)
        self._label = label

    def __missing__(self, name: str) -> str:
        return self._label


@dataclass
class _BindingsReading:
    """One file being read: the lines of its keys, and the findings so far."""

    path: Path
    folder: Path
    text: list[str]
    lines: dict[KeyPath, int]
    findings: list[Finding] = field(default_factory=list)
    harmless: set[KeyPath] = field(default_factory=set)
    """Keys whose values need no approval."""

    def line(self, path: KeyPath) -> int:
        return nearest_line(self.lines, path)

    def take[M: BaseModel](self, model: type[M], raw: object, at: KeyPath) -> M | None:
        """Return *raw* as *model*, or None after recording everything that is wrong with it."""
        try:
            found = model.model_validate(raw, context={"base": self.folder})
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                self._note(model, detail, (*at, *detail["loc"]))
            return None
        self.harmless.update(harmless_keys(found, at))
        return found

    def each(
        self, kinds: Models, raw: Mapping[str, Any], key: str, *, default: str | None = None
    ) -> dict[str, KindBinding[Any]]:
        """Return every table under *key* that is valid in itself."""
        found = {
            name: self.kind(kinds, table, (key, name), default=default)
            for name, table in _tables(raw, key).items()
        }
        return {name: bound for name, bound in found.items() if bound is not None}

    def each_source(
        self, kinds: Models, target: str, table: Mapping[str, Any]
    ) -> Iterator[KindBinding[BaseModel]]:
        sources = table.get("sources", [])
        for position, source in enumerate(sources if isinstance(sources, list) else []):
            bound = self.kind(kinds, source, ("targets", target, "sources", position))
            if bound is not None:
                yield bound

    def each_discovery(
        self, schema: Schema, target: str, table: Mapping[str, Any]
    ) -> Iterator[BoundDiscovery]:
        written = table.get("discovery", [])
        for position, one in enumerate(written if isinstance(written, list) else []):
            at: KeyPath = ("targets", target, "discovery", position)
            if not isinstance(one, dict):
                continue
            where = {key: value for key, value in one.items() if key != "source"}
            bound = self.kind(schema.of("discoveries"), where, at)
            source = one.get("source")
            if not isinstance(source, dict):
                self._add(
                    "BD003", at, Message("bindings.missing", key="source"), Message("bindings.write-source")
                )
                continue
            # The kind of discovery decides which values a template may take from a host.
            if bound is None:
                continue
            filled = [fill(source, _SampleHost(bound.config.sample, label)) for label in _LABELS]
            fitting = next((each for each in filled if self._fits(schema.of("sources"), each)), filled[0])
            sample = self.kind(schema.of("sources"), fitting, (*at, "source"))
            if sample is not None:
                table = {key: value for key, value in source.items() if key != "kind"}
                model = schema.of("sources")[sample.kind]
                yield BoundDiscovery(bound, Template(sample.kind, model, table, self.folder), sample)

    def _fits(self, kinds: Models, source: Mapping[str, Any]) -> bool:
        """Return whether *source* is a valid table, without recording any finding."""
        return (
            _BindingsReading(self.path, self.folder, self.text, self.lines).kind(kinds, source, ())
            is not None
        )

    def kind(
        self, kinds: Models, raw: object, at: KeyPath, *, default: str | None = None
    ) -> KindBinding[Any] | None:
        if not isinstance(raw, dict):
            return None
        name = raw.get("kind", default)
        if not isinstance(name, str) or name not in kinds:
            self._note_kind(kinds, name, at)
            return None
        config = self.take(kinds[name], {key: value for key, value in raw.items() if key != "kind"}, at)
        return None if config is None else KindBinding(name, config, self.line(at))

    def _note_kind(self, kinds: Models, name: object, at: KeyPath) -> None:
        choices = tuple(f'"{kind}"' for kind in sorted(kinds))
        if name is None:
            hint = Message("bindings.write-kind", choices=choices)
            self._add("BD003", at, Message("bindings.missing", key="kind"), hint)
            return
        near = difflib.get_close_matches(str(name), kinds, n=1)
        hint = (
            Message("bindings.did-you-mean-kind", near=near[0])
            if near
            else Message("bindings.kinds-are", choices=choices)
        )
        self._add("BD006", (*at, "kind"), Message("bindings.no-such-kind", name=name), hint)

    def _note(self, model: type[BaseModel], detail: ErrorDetails, path: KeyPath) -> None:
        if path[-1:] == (_KEY,):
            self._add("BD002", path[:-1], Message("bindings.no-such-key", key=path[-2]), _complaint(detail))
            return
        kind, key = detail["type"], str(path[-1]) if path else ""
        if kind == "extra_forbidden":
            known = _known_keys(model, detail["loc"][:-1])
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = (
                Message("bindings.did-you-mean", near=near[0])
                if near
                else Message("bindings.keys-are", keys=known)
            )
            self._add("BD002", path, Message("bindings.no-such-key", key=key), hint)
        elif kind == "missing":
            self._add(
                "BD003", path, Message("bindings.missing", key=key), Message("bindings.add-key", key=key)
            )
        elif kind == "secret_literal":
            message = Message("bindings.literal-secret", key=key)
            self._add("BD005", path, message, Message("bindings.write-a-reference"))
        else:
            message = Message("bindings.wrong-value", key=key, why=_complaint(detail))
            self._add("BD004", path, message, _way_out(detail))

    def _add(self, code: str, path: KeyPath, message: Message, hint: Message) -> None:
        line = self.line(path)
        quote = _masked(self.text[line - 1]) if line <= len(self.text) else ""
        self.findings.append(
            Finding(code, FindingLevel.ERROR, Origin(str(self.path), line), message, quote, hint)
        )


def _known_keys(model: type[BaseModel], above: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the table at *above* inside *model* may have, as written in the file."""
    for part in above:
        if isinstance(part, str) and part in model.model_fields:
            model = _table_model(model.model_fields[part].annotation) or model
    return [info.alias or name for name, info in model.model_fields.items()]


def _table_model(annotation: object) -> type[BaseModel] | None:
    """Return the model inside an annotation such as `dict[str, Person]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = getattr(annotation, "__args__", ())
    return next((found for each in inner if (found := _table_model(each)) is not None), None)


_COMPLAINTS = {
    "string_type": Message("bindings.not-a-string"),
    "int_type": Message("bindings.not-a-whole-number"),
    "int_parsing": Message("bindings.not-a-whole-number"),
    "int_from_float": Message("bindings.not-a-whole-number"),
    "float_type": Message("bindings.not-a-number"),
    "float_parsing": Message("bindings.not-a-number"),
    "bool_type": Message("bindings.not-true-or-false"),
    "bool_parsing": Message("bindings.not-true-or-false"),
    "dict_type": Message("bindings.not-a-table"),
    "model_type": Message("bindings.not-a-table"),
    "list_type": Message("bindings.not-an-array"),
    "tuple_type": Message("bindings.not-an-array"),
    "too_short": Message("bindings.empty"),
}
_WAYS_OUT = {
    "string_type": Message("bindings.quote-strings"),
    "too_short": Message("bindings.write-at-least-one"),
    "list_type": Message("bindings.write-an-array-of-tables"),
}


def _complaint(detail: ErrorDetails) -> Message:
    context = detail.get("ctx", {})
    if isinstance(said := context.get("said"), Message):
        return said
    if detail["type"] in ("literal_error", "enum"):
        first, _, last = context["expected"].rpartition(" or ")
        choices = Message("bindings.or", first=first, last=last) if first else last
        return Message("bindings.only-these", choices=choices)
    if detail["type"].startswith(("greater_than", "less_than")):
        return Message("bindings.out-of-range")
    return _COMPLAINTS.get(detail["type"]) or plain(detail["msg"])


def _way_out(detail: ErrorDetails) -> Message:
    hint = detail.get("ctx", {}).get("hint")
    if isinstance(hint, Message) and hint:
        return hint
    return _WAYS_OUT.get(detail["type"], Message("bindings.read-the-manual"))
