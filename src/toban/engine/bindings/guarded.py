"""The part of `toban.toml` that a new version may not change without approval. Pure. See docs/adr/0026.

It begins with the file as written, not with the models: a table, a kind or a key that nobody thought of is
guarded, too. Only what a model declares harmless is left out.
"""

from collections.abc import Iterator, Mapping

from toban.engine.bindings.lines import Path
from toban.engine.bindings.section import Section

type Guarded = Mapping[Path, object]
"""A key, with the tables above it → its value, as written."""


def guarded(raw: Mapping[str, object], harmless: frozenset[Path]) -> Guarded:
    """Return all values of *raw*, except for those at and below the keys *harmless*."""
    return {at: value for at, value in _leaves(raw, ()) if not _is_below(at, harmless)}


def harmless_keys(value: object, at: Path) -> Iterator[Path]:
    """Yield the keys that the models in *value*, which was read at *at*, declare harmless."""
    match value:
        case Section():
            for name, field in type(value).model_fields.items():
                key = (*at, field.alias or name)
                if name in value.harmless:
                    yield key
                else:
                    yield from harmless_keys(getattr(value, name), key)
        case Mapping():
            for name, each in value.items():
                yield from harmless_keys(each, (*at, name))
        case tuple() | list():
            for position, each in enumerate(value):
                yield from harmless_keys(each, (*at, position))


def _leaves(value: object, at: Path) -> Iterator[tuple[Path, object]]:
    match value:
        case Mapping() if value:
            for name, each in value.items():
                yield from _leaves(each, (*at, name))
        case list() if any(isinstance(each, Mapping) for each in value):
            for position, each in enumerate(value):
                yield from _leaves(each, (*at, position))
        case _:
            yield at, value


def _is_below(at: Path, harmless: frozenset[Path]) -> bool:
    return any(at[:length] in harmless for length in range(1, len(at) + 1))
