"""The lines of keys in a TOML text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.engine.bindings.lines import key_lines, nearest_line

NESTED = '''\
# first a remark with = and [brackets]
top = 1

[system]
name = "店 # not a remark"

[targets."Webサーバー"]
[[targets."Webサーバー".sources]]
kind = "prometheus"
url = 'http://127.0.0.1:9100/metrics'

[[targets."Webサーバー".sources]]
kind = "http"

[targets.DB]
sources = [
  { kind = "postgresql", dsn = "env:DSN" },
  # a remark between elements
  { kind = "prometheus", url = """
http://db]:9100
""" },
]
people."運用責任者".name = "佐藤"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("system",), 4),
        (("system", "name"), 5),
        (("targets", "Webサーバー"), 7),
        (("targets", "Webサーバー", "sources", 0), 8),
        (("targets", "Webサーバー", "sources", 0, "url"), 10),
        (("targets", "Webサーバー", "sources", 1), 12),
        (("targets", "Webサーバー", "sources", 1, "kind"), 13),
        (("targets", "DB", "sources"), 16),
        (("targets", "DB", "sources", 0, "dsn"), 17),
        (("targets", "DB", "sources", 1, "kind"), 19),
        (("targets", "DB", "people", "運用責任者", "name"), 23),
    ],
)
def test_every_key_is_found_on_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert key_lines(NESTED)[path] == line


def test_a_missing_key_is_looked_for_at_the_nearest_table_above_it() -> None:
    lines = key_lines(NESTED)

    assert nearest_line(lines, ("targets", "Webサーバー", "sources", 1, "url")) == 12
    assert nearest_line(lines, ("nowhere", "at", "all")) == 1


def test_windows_line_ends_count_once() -> None:
    assert key_lines("a = 1\r\n\r\n[t]\r\nb = 2\r\n")[("t", "b")] == 4


@given(st.lists(st.text("ab\"'#[]{}=,. \\日", max_size=8), min_size=1, max_size=8, unique=True))
def test_the_scanner_handles_any_quoting_of_keys_and_values(names: list[str]) -> None:
    quoted = ['"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names]
    text = "".join(f"{name} = [{name}, {{ {name} = {name} }}]\n" for name in quoted)

    lines = key_lines(text)

    assert [lines[(name,)] for name in names] == list(range(1, len(names) + 1))
    assert [lines[name, 1, name] for name in names] == list(range(1, len(names) + 1))
