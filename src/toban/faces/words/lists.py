"""Several names in one sentence."""

from collections.abc import Iterable

from django.utils.translation import gettext as _


def listed(names: Iterable[str]) -> str:
    """Return *names*, separated as in the reader's language."""
    return _("、").join(names)
