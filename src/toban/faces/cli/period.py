"""When something begins and ends, as people type it."""

from datetime import datetime, timedelta

import click

from toban.design.values.duration import read_length
from toban.message import Message


def moment(written: str, option: str) -> datetime:
    """Read a time such as `2026-11-25 18:00`, in this machine's zone unless it names one."""
    try:
        return datetime.fromisoformat(written).astimezone()
    # Near the first and the last year there is no such time in another zone.
    except (ValueError, OverflowError) as exc:
        wrong = str(Message("cli.not-a-time", written=written))
        raise click.BadParameter(wrong, param_hint=option) from exc


def length(written: str, option: str) -> timedelta:
    """Read a length such as `2時間` or `90 minutes`."""
    found = read_length(written)
    if found is None or found.as_timedelta() <= timedelta(0):
        raise click.BadParameter(str(Message("cli.not-a-length", written=written)), param_hint=option)
    return found.as_timedelta()


def end(start: datetime, lasting: str | None, until: str | None) -> datetime | None:
    """Return when it ends: `--for` a length, or `--until` a time; None when neither is given."""
    if lasting is not None and until is not None:
        raise click.UsageError(str(Message("cli.for-or-until")))
    if until is not None:
        return moment(until, "--until")
    return start + length(lasting, "--for") if lasting is not None else None
