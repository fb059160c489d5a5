"""Values that tables of several kinds share: whole paths, and sizes."""

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from toban.chapters.capacity.stated import BYTE, measured_as
from toban.design.values.quantity import read_quantity
from toban.engine.bindings.section import invalid
from toban.message import Message


def _absolute(written: str) -> str:
    path = PurePosixPath(written)
    if not path.is_absolute() or ".." in path.parts or "\n" in written or "\0" in written:
        raise invalid(Message("capacity-usage.path-not-absolute"), Message("capacity-usage.write-whole-path"))
    return str(path)


AbsolutePath = Annotated[str, Field(max_length=4096), AfterValidator(_absolute)]


def _size(written: object) -> object:
    if isinstance(written, float):
        return written
    found = measured_as(read_quantity(written), BYTE) if isinstance(written, str) else None
    if found is None or found <= 0:
        raise invalid(Message("capacity-usage.not-a-size"), Message("capacity-usage.write-a-size"))
    return found


Size = Annotated[float, BeforeValidator(_size)]
"""Bytes; written `500GB`, as documents write it."""
