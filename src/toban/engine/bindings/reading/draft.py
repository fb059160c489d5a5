"""A `[[reading]]` as it is written into `toban.toml`. Pure."""

from collections.abc import Sequence

from toban.engine.bindings.toml import quoted


def reading_table(declares: str, headings: Sequence[str], header: Sequence[str]) -> str:
    """Return the lines of a `[[reading]]` for the table with *header* below *headings*."""
    lines = ["[[reading]]"]
    lines += [f"heading = {_array(headings)}"] if headings else []
    return "\n".join([*lines, f"table = {_array(header)}", f"declares = {quoted(declares)}"])


def _array(names: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, names))}]"
