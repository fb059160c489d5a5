"""Accounts of a system that has no interface, from a list that somebody exports."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from toban.chapters.accounts.account import AccountList, FoundAccount
from toban.chapters.accounts.bindings import AccountsBinding
from toban.chapters.accounts.collector import AccountKind, AccountsUnknown
from toban.engine.bindings.section import beside_the_bindings
from toban.engine.bindings.values import ZoneName
from toban.message import Message, plain

_LARGEST = 8 * 1024 * 1024
_MOST = 50_000

type Column = Literal[
    "name",
    "label",
    "grants",
    "is_privileged",
    "is_locked",
    "has_factor",
    "password_changed_at",
    "oldest_key_at",
    "last_used_at",
    "last_used_from",
]
_YES = frozenset(("1", "true", "yes", "y", "on"))
_NO = frozenset(("0", "false", "no", "n", "off"))


class CsvAccounts(AccountsBinding):
    """`kind = "csv"`: a file with a head; as old as the file."""

    example: ClassVar[Mapping[str, str]] = {"path": "accounts.csv"}

    path: Annotated[Path, AfterValidator(beside_the_bindings)]
    timezone: ZoneName | None = None
    """The zone of times without an offset; None for the document's."""
    columns: Mapping[Column, str] = {}
    """What the file calls its columns, where it calls them otherwise."""


class CsvSource:
    """One file."""

    def __init__(self, config: CsvAccounts) -> None:
        self._config = config

    def read(self, now: datetime) -> AccountList:
        """See `AccountSource`."""
        path = self._config.path
        try:
            taken_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            with path.open("rb") as file:
                written = file.read(_LARGEST + 1)
            text = written.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else Message("bindings.not-utf-8")
            raise AccountsUnknown(Message("accounts.file-unreadable", path=path, why=why)) from error
        if len(written) > _LARGEST:
            raise AccountsUnknown(Message("accounts.file-too-large", path=path))
        zone = ZoneInfo(self._config.timezone) if self._config.timezone is not None else now.tzinfo
        return AccountList(self._accounts(text, zone or UTC), min(taken_at, now))

    def _accounts(self, text: str, zone: tzinfo) -> list[FoundAccount]:
        lines = csv.DictReader(text.splitlines())
        name = self._config.columns.get("name", "name")
        if name not in (lines.fieldnames or ()):
            raise AccountsUnknown(Message("accounts.column-missing", path=self._config.path, column=name))
        found: list[FoundAccount] = []
        for line in lines:
            if len(found) == _MOST:
                raise AccountsUnknown(Message("accounts.too-many", most=_MOST))
            if (line.get(name) or "").strip():
                found.append(self._account(line, lines.line_num, zone))
        return found

    def _account(self, line: Mapping[str, str | None], number: int, zone: tzinfo) -> FoundAccount:
        cells = _Cells({key: line.get(self._config.columns.get(key, key)) for key in _ALL}, number, zone)
        return FoundAccount(
            name=cells.text("name")[:200],
            label=cells.text("label")[:200],
            grants=tuple(each for each in cells.text("grants").replace(";", " ").split() if each),
            is_privileged=cells.flag("is_privileged") or False,
            is_locked=cells.flag("is_locked") or False,
            has_factor=cells.flag("has_factor"),
            password_changed_at=cells.moment("password_changed_at"),
            oldest_key_at=cells.moment("oldest_key_at"),
            last_used_at=cells.moment("last_used_at"),
            last_used_from=cells.text("last_used_from")[:100],
        )


_ALL: tuple[Column, ...] = (
    *("name", "label", "grants", "is_privileged", "is_locked", "has_factor"),
    *("password_changed_at", "oldest_key_at", "last_used_at", "last_used_from"),
)


class _Cells:
    """The cells of one line."""

    def __init__(self, cells: Mapping[Column, str | None], number: int, zone: tzinfo) -> None:
        self._cells = cells
        self._number = number
        self._zone = zone

    def text(self, column: Column) -> str:
        return (self._cells.get(column) or "").strip()

    def flag(self, column: Column) -> bool | None:
        said = self.text(column).casefold()
        if not said:
            return None
        if said not in _YES | _NO:
            raise self._wrong(column)
        return said in _YES

    def moment(self, column: Column) -> datetime | None:
        said = self.text(column)
        if not said:
            return None
        try:
            found = datetime.fromisoformat(said)
        except ValueError as error:
            raise self._wrong(column) from error
        return found if found.tzinfo is not None else found.replace(tzinfo=self._zone)

    def _wrong(self, column: Column) -> AccountsUnknown:
        said = plain(self.text(column)[:60])
        return AccountsUnknown(
            Message("accounts.cell-unreadable", line=self._number, column=column, written=said)
        )


KIND = AccountKind(CsvAccounts, CsvSource)
