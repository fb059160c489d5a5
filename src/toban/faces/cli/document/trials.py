"""What `toban check --live` tries: everything that the bindings name and that could fail in the night."""

import difflib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import uuid4

from toban.chapters.backup.drills.postgres import drill_doubts
from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.works import source_of
from toban.chapters.batch.works import BatchPlan, key_of, plan
from toban.chapters.logs.pulling.source import LogSourceKind, Unfetchable
from toban.chapters.monitoring.discovery import Undiscovered
from toban.chapters.monitoring.source import SourceKind, Unmeasurable
from toban.design.clauses.batch import Batch
from toban.design.finding import Finding, Level
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.doubts import binding_findings
from toban.engine.bindings.model import Bindings, Bound, Discovery
from toban.engine.bindings.template import Unfilled
from toban.engine.runs.kinds import Site
from toban.engine.stores.store import StoreKind, StoreTrouble
from toban.faces.cli.parts import Parts

_SECRET_MISSING, _NO_SUCH_ROW = "BD007", "BD009"
_SOME_HOSTS = 3
"""Of those that one discovery finds: they are alike."""


class Code(StrEnum):
    """What a live finding is about; permanent, each with a page `docs/findings/CODE.md`."""

    BATCH = "LV001"
    SOURCE = "LV002"
    STORE = "LV003"
    BACKUP = "LV004"
    CHANNEL = "LV005"
    HANGS = "LV006"
    NO_ROW = "LV007"
    COST = "LV008"


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing to try."""

    code: Code
    name: str
    """What it is, for people: `バッチ B001`."""
    origin: Origin
    quote: str
    doubts: Callable[[], Iterable[str]]
    """Tries it; each doubt may end with a line `HINT: …`."""
    hint: str
    """The way out for a doubt that names none."""

    def finding(self, doubt: str) -> Finding:
        """Return *doubt* as a finding."""
        message, _, hint = doubt.partition("\nHINT: ")
        return Finding(
            self.code, Level.ERROR, self.origin, f"{self.name}: {message}", self.quote, hint or self.hint
        )


def still_findings(design: Design, bindings: Bindings, parts: Parts) -> tuple[Finding, ...]:
    """Return what can be said without trying: secrets that are not there, batches without a row, costs.

    What else only warns is an error here: it does not keep Toban from starting, but a batch from running.
    """
    batches = plan(design, bindings, parts.work_kinds)
    told = [
        replace(finding, level=Level.ERROR) if finding.code == _SECRET_MISSING else finding
        for finding in binding_findings(design, bindings)
        if not (finding.code == _NO_SUCH_ROW and finding.quote.startswith("[batches."))
    ]
    return (
        *told,
        *_rowless(design, bindings, batches),
        *_costs(bindings, parts.source_kinds),
        *_fetching_costs(bindings, parts),
    )


def trials_of(
    design: Design, bindings: Bindings, parts: Parts, told: Iterable[Finding], now: datetime
) -> tuple[Trial, ...]:
    """Return what to try; a table whose secret is known to be missing is left out."""
    missing = {finding.origin.line for finding in told if finding.code == _SECRET_MISSING}
    found = (
        *_batches(design, bindings, parts),
        *_sources(bindings, parts.source_kinds, now),
        *_discoveries(bindings, parts, now),
        *_log_sources(bindings, parts, now),
        *_stores(bindings, parts.store_kinds),
        *_backups(design, bindings, parts),
        *_channels(bindings, parts),
    )
    return tuple(trial for trial in found if trial.origin.line not in missing)


def _rowless(design: Design, bindings: Bindings, batches: BatchPlan) -> Iterator[Finding]:
    """Yield a finding for every bound batch that will not run, with the reason."""
    rows = {key_of(batch): batch for batch in reversed(design.of(Batch))}
    for key, bound in bindings.batches.items():
        if key in batches.works:
            continue
        origin, quote = _place(bindings, "batches", key), _quote("batches", key, bound)
        unread = design.unread_of(key)
        if key in rows:
            message, hint = batches.unbound[rows[key].id], "接続表のこの表か、文書のその行を直してください"
        elif unread is not None:
            message = f"{design.document}:{unread.line} の行を読めませんでした: {unread.reason}"
            hint = f"その行を直してください: {' '.join(unread.text.split())}"
        else:
            message = f"{design.document} のバッチ一覧にありません"
            near = difflib.get_close_matches(key, rows, n=1)
            choices = "、".join(f"「{each}」" for each in sorted(rows)) or "ありません"
            hint = f"「{near[0]}」ではありませんか" if near else f"文書のバッチIDで書いてください: {choices}"
        yield Finding(Code.NO_ROW, Level.ERROR, origin, f"バッチ {key}: {message}", quote, hint)


def _costs(bindings: Bindings, kinds: Mapping[str, SourceKind]) -> Iterator[Finding]:
    """Yield what others charge for the measuring; of hosts that are looked for, for each of them."""
    bound = [("", target, each) for target, sources in bindings.targets.items() for each in sources]
    for target, discoveries in bindings.discoveries.items():
        bound += [("見つかった一台につき ", target, each.sample) for each in discoveries]
    for whose, target, each in bound:
        cost = kinds[each.kind].cost
        if cost is not None:
            yield Finding(
                Code.COST,
                Level.INFO,
                Origin(bindings.file, each.line),
                f"対象 {target}: {whose}{cost(each.config)}",
                f'[targets."{target}"] kind = "{each.kind}"',
                "every を延ばすと、その分だけ減ります",
            )


def _fetching_costs(bindings: Bindings, parts: Parts) -> Iterator[Finding]:
    """Yield what others charge for the logs that are fetched of them."""
    for name, bound in bindings.log_sources.items():
        yield Finding(
            Code.COST,
            Level.INFO,
            Origin(bindings.file, bound.line),
            f"ログの源 {name}: {parts.log_source_kinds[bound.kind].cost(bound.config)}",
            _quote("log_sources", name, bound),
            "要らない行は pattern か stream_prefix で除けます",
        )


def _batches(design: Design, bindings: Bindings, parts: Parts) -> Iterator[Trial]:
    rows = {key_of(batch): batch for batch in reversed(design.of(Batch))}
    for key, bound in bindings.batches.items():
        if key in rows:
            kind, site = parts.work_kinds[bound.kind], Site(rows[key], design, bindings)
            yield Trial(
                Code.BATCH,
                f"バッチ {key}",
                _place(bindings, "batches", key),
                _quote("batches", key, bound),
                partial(kind.doubts, bound.config, site),
                "接続表の [batches] を確かめてください",
            )


def _sources(bindings: Bindings, kinds: Mapping[str, SourceKind], now: datetime) -> Iterator[Trial]:
    for target, sources in bindings.targets.items():
        for bound in sources:
            yield Trial(
                Code.SOURCE,
                f"対象 {target}",
                Origin(bindings.file, bound.line),
                f'[[targets."{target}".sources]] kind = "{bound.kind}"',
                partial(_source_doubts, kinds[bound.kind], bound, now),
                "名前、ポート、資格と、相手が動いているかを確かめてください",
            )


def _log_sources(bindings: Bindings, parts: Parts, now: datetime) -> Iterator[Trial]:
    for name, bound in bindings.log_sources.items():
        yield Trial(
            Code.SOURCE,
            f"ログの源 {name}",
            Origin(bindings.file, bound.line),
            _quote("log_sources", name, bound),
            partial(_log_source_doubts, parts.log_source_kinds[bound.kind], bound, now),
            "名前、リージョンと、資格に許されていることを確かめてください",
        )


def _log_source_doubts(kind: LogSourceKind, bound: Bound[Any], now: datetime) -> Iterator[str]:
    """Fetch the first page of the last minute."""
    source = kind.build(bound.config)
    until = int(now.timestamp() * 1000)
    try:
        next(source.events(until - 60_000, until), None)
    except Unfetchable as error:
        yield str(error)
    finally:
        source.close()


def _discoveries(bindings: Bindings, parts: Parts, now: datetime) -> Iterator[Trial]:
    for target, discoveries in bindings.discoveries.items():
        for each in discoveries:
            yield Trial(
                Code.SOURCE,
                f"対象 {target}",
                Origin(bindings.file, each.bound.line),
                f'[[targets."{target}".discovery]] kind = "{each.bound.kind}"',
                partial(_discovery_doubts, each, parts, now),
                "検出の設定と資格、source の書き方と、見つかった機械が動いているかを確かめてください",
            )


def _discovery_doubts(discovery: Discovery, parts: Parts, now: datetime) -> Iterator[str]:
    """Look, and measure at some of what is found."""
    place = parts.discovery_kinds[discovery.bound.kind].build(discovery.bound.config)
    try:
        hosts = place.look()
    except Undiscovered as error:
        yield f"{place.place}: {error}"
        return
    if not hosts:
        yield f"{place.place}: 見つかった機械が 0 台です"
    template = discovery.template
    for host in hosts[:_SOME_HOSTS]:
        try:
            bound = Bound(template.kind, template.filled(host.values), discovery.bound.line)
        except Unfilled as error:
            yield f"{host.name}: {error}"
        else:
            yield from _source_doubts(parts.source_kinds[template.kind], bound, now)


def _source_doubts(kind: SourceKind, bound: Bound[Any], now: datetime) -> Iterator[str]:
    source = kind.build(bound.config)
    try:
        source.measure(now)
    except Unmeasurable as error:
        yield str(error)
    finally:
        source.close()


def _stores(bindings: Bindings, kinds: Mapping[str, StoreKind]) -> Iterator[Trial]:
    for name, bound in bindings.stores.items():
        yield Trial(
            Code.STORE,
            f"保存先 {name}",
            _place(bindings, "stores", name),
            _quote("stores", name, bound),
            partial(_store_doubts, kinds[bound.kind], bound),
            "場所と権限 (書く、読む、消す) を確かめてください",
        )


def _store_doubts(kind: StoreKind, bound: Bound[Any]) -> Iterator[str]:
    """Write, read and remove a small object."""
    store = kind.build(bound.config)
    key, content = f"toban-check/{uuid4().hex}", secrets.token_bytes(64)
    try:
        stored = store.put(key, content)
        try:
            # A sealed object opens for whoever has the key, which need not be this machine.
            if not stored.sealed and store.read(key) != content:
                yield f"{store.name}: 書いたものと違うものが読めました"
        finally:
            store.delete([key])
    except StoreTrouble as error:
        yield str(error)
    finally:
        store.close()


def _backups(design: Design, bindings: Bindings, parts: Parts) -> Iterator[Trial]:
    for subject, bound in bindings.backups.items():
        yield Trial(
            Code.BACKUP,
            f"バックアップ {subject}",
            _place(bindings, "backups", subject),
            _quote("backups", subject, bound),
            partial(_engine_doubts, subject, design, bindings, parts),
            "接続表の [backups] と、そのサーバーの設定を確かめてください",
        )


def _engine_doubts(subject: str, design: Design, bindings: Bindings, parts: Parts) -> Iterator[str]:
    source = source_of(subject, design, bindings, parts.backup_kinds)
    if isinstance(source, str):
        yield source
        return
    try:
        with source.opened() as at_work:
            yield from at_work.engine.doubts()
    except (BackupFailed, StoreTrouble) as error:
        yield str(error)
    if source.config.drill is not None:
        yield from drill_doubts(source.config.drill)


def _channels(bindings: Bindings, parts: Parts) -> Iterator[Trial]:
    for name, bound in bindings.channels.items():
        yield Trial(
            Code.CHANNEL,
            f"通知の経路 {name}",
            Origin(bindings.file, bound.line),
            _quote("channels", name, bound),
            partial(parts.transports[bound.kind].doubts, bound.config),
            "接続表の [channels] と、その秘密の値を確かめてください",
        )


def _place(bindings: Bindings, table: str, name: str) -> Origin:
    return Origin(bindings.file, bindings.lines[table, name])


def _quote(table: str, name: str, bound: Bound[Any]) -> str:
    is_bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    key = name if is_bare else f'"{name}"'
    return f'[{table}.{key}] kind = "{bound.kind}"'
