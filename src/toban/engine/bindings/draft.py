"""A first `toban.toml` for a document: every question the document leaves open, with a proposal each. Pure.

Prose is commented with `# `, proposals with `#` right before the key, so that taking the `#` away puts a
proposal in force and nothing is bound to an invented host meanwhile.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from toban.design.clauses.base import Clause
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import DutyRole
from toban.design.markdown import Heading
from toban.design.reader import Design
from toban.design.values.people import ChannelKind, ChannelRef, Recipient, Role
from toban.engine.bindings.model import Section
from toban.engine.bindings.vague import clock_words

_NOTHING: Mapping[str, str | Sequence[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Proposal:
    """A kind to bind, and what its table must say."""

    kind: str
    """Empty for a table that has no kinds."""
    config: type[Section]
    values: Mapping[str, str | Sequence[str]] = _NOTHING
    """What is known to be better than the example, or not in it."""


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """A target to bind: the rows that watch it, and sources that can measure them."""

    name: str
    rows: Sequence[Clause]
    sources: Sequence[Proposal]


@dataclass(frozen=True, slots=True)
class OpenTable:
    """Another table to write: `[stores."S3"]`, the rows that ask for it, and a proposal."""

    table: str
    name: str
    """Empty for a table that stands once: `[evidence]`."""
    rows: Sequence[Clause]
    proposal: Proposal
    notes: Sequence[str] = ()
    """What else is told of it."""


def draft(
    design: Design,
    targets: Iterable[OpenTarget],
    channels: Mapping[str, Proposal],
    tables: Iterable[OpenTable] = (),
) -> str:
    """Return the text of a `toban.toml` for *design*; it loads as it stands, and binds nothing yet."""
    parts = [
        _head(design),
        *(_target(target) for target in targets),
        *_people(design),
        *_channels(design, channels),
        *(_table(table) for table in tables),
        *_assumptions(design),
    ]
    return "\n".join(parts)


def quoted(text: str) -> str:
    """Write *text* as a TOML string or quoted key."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    # Line breaks and other control characters have no place in a basic string.
    return '"' + re.sub(r"[\x00-\x1f\x7f]", " ", escaped) + '"'


def _head(design: Design) -> str:
    title = next((block.text for block in design.blocks if isinstance(block, Heading)), "")
    return f"""\
# {_line(design.document)} に書かれていないことだけを、ここに書きます。
# 行頭の「#」を外して値を直すと、その行が有効になります。つないでいない行は「未接続」と表示されます。
# 秘密は値そのものではなく、置き場所を書きます: "env:環境変数名" か "file:パス"

[system]
name = {quoted(title)}
timezone = "Asia/Tokyo"
# 営業日と平日の計算に使う祝日: "JP" か "none"
holidays = "JP"
"""


def _target(target: OpenTarget) -> str:
    lines = [f"# {_cite(row)}" for row in target.rows]
    for proposal in target.sources:
        lines.append(f"#[[targets.{quoted(target.name)}.sources]]")
        lines += _proposed(proposal)
    return "\n".join([*lines, ""])


def _table(table: OpenTable) -> str:
    lines = [f"# {_cite(row)}" for row in table.rows]
    lines += [f"# {_line(note)}" for note in table.notes]
    lines.append(f"#[{table.table}.{quoted(table.name)}]" if table.name else f"#[{table.table}]")
    return "\n".join([*lines, *_proposed(table.proposal), ""])


def _people(design: Design) -> Iterator[str]:
    asked: dict[str, str] = {}
    for duty in design.of(DutyRole):
        # Who takes turns is reached by name, whichever turn it is.
        for name in duty.rotation.people if duty.rotation is not None else (duty.role,):
            asked.setdefault(name, _cite(duty))
    for clause, recipients in _recipients(design):
        for recipient in recipients:
            if isinstance(recipient, Role):
                asked.setdefault(recipient.name, _cite(clause))
    for role, citation in asked.items():
        yield f"""\
# だれが担いますか — {citation}
#[people.{quoted(role)}]
#name = ""
#email = ""
#slack = ""
"""


def _channels(design: Design, channels: Mapping[str, Proposal]) -> Iterator[str]:
    wanted: dict[str, str] = {}
    for clause, recipients in _recipients(design):
        for channel in recipients:
            if isinstance(channel, ChannelRef):
                wanted.setdefault(channel.kind, _cite(clause))
    for kind, citation in wanted.items():
        proposal = channels.get(kind)
        if proposal is None:
            yield f"# {_unplaced(kind)} — {citation}\n"
            continue
        lines = [f"# {_line(kind)} をどこにつなぎますか — {citation}", f"#[channels.{proposal.kind}]"]
        yield "\n".join([*lines, *_proposed(proposal), ""])


def _unplaced(kind: str) -> str:
    """Say of a channel that no kind is registered for what can be done."""
    if isinstance(kind, ChannelKind):
        return f"{kind} をつなぐ方法はまだありません"
    return f"「{_line(kind)}」は知らない通知方法です。届けるものがあれば [channels.{quoted(kind)}] に書きます"


def _recipients(design: Design) -> Iterator[tuple[Clause, Sequence[Recipient]]]:
    """The clauses that name who is told, or how, with those they name."""
    for rule in design.of(NotificationRule):
        yield rule, (*rule.recipients, *rule.channels)
    for monitor in design.of(Monitor):
        yield monitor, monitor.recipients
    for duty in design.of(DutyRole):
        yield duty, duty.channels


def _assumptions(design: Design) -> Iterator[str]:
    taken = [(clause, assumption) for clause in design.clauses for assumption in clause.assumptions]
    if taken:
        lines = ["# 文書があいまいなところは、次のように読みました。違うときは書き足してください。"]
        lines += [f"# {clause.origin}: {_line(assumption)}" for clause, assumption in taken]
        meanings = clock_words(design)
        if meanings:
            lines += ["#[assumptions]", *(f"#{quoted(word)} = {quoted(at)}" for word, at in meanings.items())]
        yield "\n".join([*lines, ""])


def _proposed(proposal: Proposal) -> Iterator[str]:
    if proposal.kind:
        yield f"#kind = {quoted(proposal.kind)}"
    for key, value in {**proposal.config.example, **proposal.values}.items():
        yield f"#{key} = {quoted(value) if isinstance(value, str) else f'[{", ".join(map(quoted, value))}]'}"


def _cite(clause: Clause) -> str:
    return f"{clause.origin} {_line(clause.text)}"


def _line(text: str) -> str:
    """*text* on one line: a comment must not run over into the next."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())
