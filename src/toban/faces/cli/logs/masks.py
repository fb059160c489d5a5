"""`toban masks`: which stored lines the masks of the bindings, or others, would change."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import click
from django.conf import settings
from pydantic import ValidationError

from toban.chapters.logs.bindings import LOGS
from toban.engine.bindings.masking import Masking
from toban.engine.masks import Mask, Masker, masker
from toban.engine.registry.parts import Parts
from toban.engine.telemetry.logs.search import LogSearch, TimeSpan
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.faces.cli import period
from toban.faces.cli.kept import asked_edition
from toban.faces.terminal import refuse, say, speak_utf8
from toban.faces.words.logs import as_record
from toban.message import Message, message_of
from toban.text import printable_json

_NOTHING, _UNUSABLE = 1, 2
_USUAL = timedelta(hours=24)
_PAGE = 1000
_AHEAD = timedelta(minutes=10)


@click.command(
    "masks",
    epilog="Example: toban masks --since 7d --mask emails --mask phones --pattern 'EMP-[0-9]{6}'",
)
@click.option("--since", metavar="LENGTH", help="How far back from now: 12h, 7d. [default: 24h]")
@click.option(
    "--mask", "masks", type=click.Choice([each.value for each in Mask]), multiple=True, help="Try this mask."
)
@click.option("--field", "fields", multiple=True, metavar="NAME", help="Try to mask this field.")
@click.option("--pattern", "patterns", multiple=True, metavar="RE2", help="Try to mask what this matches.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True, help="Lines looked at."
)
@click.option("--show", type=click.IntRange(0, 1000), default=20, show_default=True, help="Lines printed.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(
    parts: Parts,
    since: str | None,
    masks: tuple[str, ...],
    fields: tuple[str, ...],
    patterns: tuple[str, ...],
    limit: int,
    show: int,
    form: str,
) -> None:
    """Print how the newest stored lines would look if they were masked today.

    Without --mask, --field and --pattern, the masks are those of toban.toml. What is stored stays as it is.

    \b
    Exit status:
      0  some lines would change
      1  no line would change
      2  the masks can't be read, or the store does not answer
    """
    speak_utf8()
    tried = _tried(masks, fields, patterns) if masks or fields or patterns else _of_bindings(parts)
    now = datetime.now(UTC)
    span = TimeSpan(now - (period.length(since, "--since") if since else _USUAL), now + _AHEAD)
    try:
        looked_at, changed = _tell(tried, _stored(span, limit), show, form)
    except (StoreUnavailable, StoreRefused) as away:
        refuse(
            Message("logs.store-not-answering", reason=message_of(away)),
            Message("logs.check-store-and-home"),
        )
        raise SystemExit(_UNUSABLE) from away
    say(Message("logs.lines-would-be-masked", looked=looked_at, count=changed), err=form == "json")
    if not changed:
        raise SystemExit(_NOTHING)


def _tried(masks: Sequence[str], fields: Sequence[str], patterns: Sequence[str]) -> Masking:
    try:
        return Masking.model_validate({"mask": masks, "mask_fields": fields, "mask_patterns": patterns})
    except ValidationError as flaw:
        raise click.BadParameter(flaw.errors()[0]["msg"], param_hint="--pattern") from flaw


def _of_bindings(parts: Parts) -> Masking:
    """Return the masks of the bindings as they are written now, or of those in force."""
    return LOGS.of(asked_edition(parts).bindings)


def _tell(masking: Masking, records: Iterator[Mapping[str, object]], show: int, form: str) -> tuple[int, int]:
    """Print the records that change, and how many each mask changes; return how many there are of both."""
    whole, each_alone = masker(masking), _alone(masking)
    by: Counter[str] = Counter()
    looked_at = changed = 0
    for record in records:
        looked_at += 1
        masked = whole.record(record)
        if masked == record:
            continue
        changed += 1
        names = [name for name, alone in each_alone.items() if alone.record(record) != record]
        by.update(names)
        if changed <= show:
            written = {"masks": names, "line": masked}
            say(
                printable_json(written) if form == "json" else f"{', '.join(names)}: {printable_json(masked)}"
            )
    for name, count in by.most_common():
        say(Message("logs.masked-by", mask=name, count=count), err=form == "json")
    return looked_at, changed


def _alone(masking: Masking) -> Mapping[str, Masker]:
    """Return a masker for each part of *masking*, by its name in the bindings."""
    return {
        **{name: Masker([Mask(name)]) for name in masking.mask},
        **{f"mask_fields: {name}": Masker([], [name]) for name in masking.mask_fields},
        **{f"mask_patterns: {each}": Masker([], (), [each]) for each in masking.mask_patterns},
    }


def _stored(span: TimeSpan, limit: int) -> Iterator[Mapping[str, object]]:
    """Yield the newest stored lines; raises `StoreUnavailable` and `StoreRefused`."""
    if not settings.TELEMETRY_URL:
        raise StoreUnavailable("no address is known")
    store, before = LogSearch(Telemetry(settings.TELEMETRY_URL)), None
    while limit > 0:
        page = store.newest((), span, limit=min(limit, _PAGE), before=before)
        yield from map(as_record, page)
        limit -= len(page)
        if len(page) < _PAGE:
            return
        before = page[-1].place
