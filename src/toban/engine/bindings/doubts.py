"""What is doubtful about a valid `toban.toml`: above all names that no row asks for, most often mistyped."""

import difflib
from collections.abc import Collection, Iterator

from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.batch import Batch
from toban.design.clauses.logs import LogKind
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import DutyRole, Objective
from toban.design.finding import Finding, Level
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.load import secret_findings
from toban.engine.bindings.model import WHOLE_SYSTEM, Bindings
from toban.engine.telemetry.logs.words import kind_of


def binding_findings(design: Design, bindings: Bindings) -> tuple[Finding, ...]:
    """Return all that is doubtful about bindings which are valid in themselves: nothing of it stops Toban."""
    return (*secret_findings(bindings), *unused_findings(design, bindings))


def unused_findings(design: Design, bindings: Bindings) -> tuple[Finding, ...]:
    """Say which targets, people, batches and backups of *bindings* the document never names."""
    targets = {monitor.target or WHOLE_SYSTEM for monitor in design.of(Monitor)}
    roles = {duty.role for duty in design.of(DutyRole)}
    called = {role for step in bindings.notices.escalation for role in step.to}
    known = roles | called | _taking_turns(design, bindings)
    # A role may be named in any row: 担当者, 承認, 通知先.
    mentioned = {name for name in bindings.people if any(name in clause.text for clause in design.clauses)}
    objectives = {objective.name for objective in design.of(Objective)}
    batches = {batch.batch_id or batch.name for batch in design.of(Batch)}
    subjects = {policy.subject for policy in design.of(BackupPolicy)}
    return (
        *_unknown(design, bindings, "backups", bindings.backups.keys() - subjects, subjects),
        *_unknown(design, bindings, "batches", bindings.batches.keys() - batches, batches),
        *_unknown(design, bindings, "objectives", bindings.objectives.keys() - objectives, objectives),
        *_unknown(design, bindings, "targets", bindings.targets.keys() - targets, targets),
        *_unknown(design, bindings, "people", bindings.people.keys() - mentioned - known, roles),
        *_unknown(design, bindings, "duty", bindings.duty.keys() - roles - called, roles),
        *_unmeasured(bindings),
        *_unstored(bindings),
        *_unheard(bindings),
        *_unkept(design, bindings),
    )


def _unmeasured(bindings: Bindings) -> Iterator[Finding]:
    """Name the services of the public page whose target is not bound: they'd be unknown for ever."""
    for each in bindings.status.services if bindings.status is not None else ():
        if each.target not in bindings.targets:
            yield Finding(
                "BD009",
                Level.WARNING,
                Origin(bindings.file, bindings.lines["status", ""]),
                f"公開ページの「{each.name}」を測る対象「{each.target}」がありません",
                f'target = "{each.target}"',
                f'[targets."{each.target}"] を書くか、ある対象を書いてください: '
                f"{'、'.join(bindings.targets) or 'ありません'}",
            )


def _unstored(bindings: Bindings) -> Iterator[Finding]:
    """Name what is to be kept in a store that is not bound: it stays where it is, and is told of."""
    asked = (
        ("logs", bindings.logs.archive, "ログのアーカイブ先", "それまでログは削除されません"),
        ("evidence", bindings.evidence, "証跡の送り先", "それまで証跡は送られません"),
    )
    for table, binding, what, meanwhile in asked:
        if binding is None or binding.store in bindings.stores:
            continue
        near = difflib.get_close_matches(binding.store, bindings.stores, n=1)
        yield Finding(
            "BD009",
            Level.WARNING,
            Origin(bindings.file, bindings.lines[table, ""]),
            f"{what}「{binding.store}」がありません。{meanwhile}",
            f'store = "{binding.store}"',
            f"「{near[0]}」ではありませんか" if near else f'[stores."{binding.store}"] を書いてください',
        )


def _unheard(bindings: Bindings) -> Iterator[Finding]:
    """Name what one half of says that syslog is taken in, and the other half does not."""
    speaking = [name for name, sender in bindings.senders.items() if sender.networks]
    if bindings.syslog is not None and not speaking:
        yield Finding(
            "BD009",
            Level.WARNING,
            Origin(bindings.file, bindings.lines["syslog", ""]),
            "syslog を待ち受けますが、networks を書いた送り手がないので、どのメッセージも捨てられます",
            "[syslog]",
            '[senders.名前] に networks = ["10.0.0.0/8"] のように書いてください',
        )
    for name in speaking if bindings.syslog is None else ():
        yield Finding(
            "BD009",
            Level.WARNING,
            Origin(bindings.file, bindings.lines["senders", name]),
            f"送り手「{name}」に networks がありますが、syslog を待ち受けていません",
            f"[senders.{name}]",
            '[syslog] に tcp = "0.0.0.0:5514" のように書いてください',
        )


def _unkept(design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name kinds of log that the document has no row of: nothing says how long they are kept."""
    rows = {kind_of(row.name): row.name for row in design.of(LogKind)}
    named = [
        ("senders", name, word)
        for name, sender in bindings.senders.items()
        for word in (sender.log, *(file.log for file in sender.files))
    ]
    named += [
        ("log_sources", name, getattr(each.config, "log", "")) for name, each in bindings.log_sources.items()
    ]
    archived = bindings.logs.archive.kinds if bindings.logs.archive is not None else ()
    named += [("logs", "", word) for word in archived]
    named += [("logs", "", rule.log) for rule in bindings.logs.kinds]
    for table, name, word in named:
        if not word or not rows or kind_of(word) in rows:
            continue
        near = difflib.get_close_matches(word, rows.values(), n=1)
        yield Finding(
            "BD009",
            Level.WARNING,
            Origin(bindings.file, bindings.lines[table, name]),
            f"ログ種別「{word}」は {design.document} にないので、その行はいつまでも残ります",
            f'log = "{word}"',
            f"「{near[0]}」ではありませんか" if near else f"文書のログ種別: {'、'.join(rows.values())}",
        )


def _taking_turns(design: Design, bindings: Bindings) -> set[str]:
    by_document = {name for duty in design.of(DutyRole) if duty.rotation for name in duty.rotation.people}
    layers = (layer for duty in bindings.duty.values() for layer in duty.layers)
    return by_document | {name for layer in layers for name in layer.people}


def _unknown(
    design: Design, bindings: Bindings, table: str, names: Collection[str], known: Collection[str]
) -> Iterator[Finding]:
    for name in sorted(names, key=lambda each: bindings.lines[table, each]):
        near = difflib.get_close_matches(name, known, n=1)
        choices = "、".join(f"「{each}」" for each in sorted(known)) or "ありません"
        yield Finding(
            "BD009",
            Level.WARNING,
            Origin(bindings.file, bindings.lines[table, name]),
            f"「{name}」は {design.document} のどの行にも出てきません",
            f'[{table}."{name}"]',
            f"「{near[0]}」ではありませんか" if near else f"文書の言葉で書いてください: {choices}",
        )
