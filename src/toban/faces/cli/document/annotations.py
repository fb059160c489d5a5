"""Annotations that GitHub shows beside the changed lines of a pull request. Pure.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Sequence

from toban.design.origin import Origin
from toban.message import Message

_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_VALUE = {**_TEXT, **str.maketrans({":": "%3A", ",": "%2C"})}


def annotation(origin: Origin, title: Message, said: Sequence[Message], *, is_warning: bool) -> str:
    """Return the workflow command that shows *said* at *origin*: as a warning, or as a notice."""
    level = "warning" if is_warning else "notice"
    place = (
        f"file={origin.document.translate(_VALUE)},line={origin.line},title={str(title).translate(_VALUE)}"
    )
    return f"::{level} {place}::{'\n'.join(map(str, said)).translate(_TEXT)}"
