"""The document and bindings in force, for routes that need them."""

from http import HTTPStatus

from toban.engine.editions import present
from toban.engine.editions.edition import Edition
from toban.faces.api.problems import Problem


def edition_in_force() -> Edition:
    """Return the edition in force, or raise `Problem`."""
    edition = present.edition()
    if edition is None:
        raise Problem("nothing-in-force", HTTPStatus.SERVICE_UNAVAILABLE)
    return edition
