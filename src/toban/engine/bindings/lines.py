"""Line numbers of the keys of a TOML text: `tomllib` gives values without lines, and findings need them."""

import re
import tomllib

type Path = tuple[str | int, ...]
"""Keys and, within arrays, positions: `("targets", "DB", "sources", 0, "dsn")`."""


def key_lines(text: str) -> dict[Path, int]:
    """Return the 1-based line of every table, key and array element of *text*, which must be valid TOML.

    Call it only after `tomllib` has accepted the text: for invalid TOML the result is meaningless.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


def nearest_line(lines: dict[Path, int], path: Path) -> int:
    """Return the line of *path*, or of the nearest enclosing table that is in the text, or 1."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2}(?!"))'
    r"|'''.*?'''(?:'{0,2}(?!'))"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


class _Scanner:
    """One pass over valid TOML that records the lines of keys and skips values."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._counted_to = 0
        self._line = 1
        self._arrays: dict[Path, int] = {}
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self._skip(_BLANK) < len(self._text):
            if self._take("[["):
                table = self._next_element(self._key(()))
                self._take("]]")
            elif self._take("["):
                table = self._resolve(self._key(()))
                self._take("]")
                self._note(table)
            else:
                self._pair(table)

    def _pair(self, table: Path) -> None:
        line = self._here()
        path = (*table, *self._key(()))
        for length in range(len(table) + 1, len(path) + 1):
            self.lines.setdefault(path[:length], line)
        self._skip(_SPACE)
        self._take("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        else:
            self._skip(_STRING) if self._text[self._at] in "\"'" else self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        position = 0
        while self._skip(_BLANK) < len(self._text) and not self._take("]"):
            self._note((*path, position))
            self._value((*path, position))
            position += 1
            self._skip(_BLANK)
            self._take(",")

    def _inline_table(self, path: Path) -> None:
        while self._skip(_BLANK) < len(self._text) and not self._take("}"):
            self._pair(path)
            self._skip(_BLANK)
            self._take(",")

    def _key(self, above: Path) -> Path:
        parts = list(above)
        while True:
            self._skip(_SPACE)
            start = self._at
            if self._text[start] in "\"'":
                self._skip(_STRING)
                parts.append(_unquoted(self._text[start : self._at]))
            else:
                self._skip(_BARE_KEY)
                parts.append(self._text[start : self._at])
            self._skip(_SPACE)
            if not self._take("."):
                return tuple(parts)

    def _resolve(self, written: Path) -> Path:
        """Insert the newest element's position after each part of *written* that is an array of tables."""
        path: Path = ()
        for part in written:
            path = (*path, part)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _next_element(self, written: Path) -> Path:
        array = (*self._resolve(written[:-1]), written[-1])
        self._arrays[array] = self._arrays.get(array, -1) + 1
        self._note(array)
        element = (*array, self._arrays[array])
        self._note(element)
        return element

    def _note(self, path: Path) -> None:
        self.lines.setdefault(path, self._here())

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted_to, self._at)
        self._counted_to = self._at
        return self._line

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at + 1
        return self._at

    def _take(self, mark: str) -> bool:
        if self._text.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False


def _unquoted(key: str) -> str:
    return next(iter(tomllib.loads(f"{key} = 0")))
