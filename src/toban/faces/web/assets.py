"""Static files at addresses that change with their content, so that browsers may keep them forever."""

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

from django.conf import settings

from toban.faces.public import page

WEB = Path(__file__).parent
OWN = WEB / "static"
HTMX = Path(str(files("django_htmx"))) / "static"
DIRECTORIES = (OWN, *settings.PAGE_STATIC, page.STATIC, HTMX)
"""The files of every page, of each subject's pages, of the public page, and of third parties."""


@cache
def version() -> str:
    """Return the digest of all static files, as they were when this process first asked."""
    digest = hashlib.sha256()
    for path in sorted(path for root in DIRECTORIES for path in root.rglob("*") if path.is_file()):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def address(name: str) -> str:
    """Return the URL path of the static file *name*."""
    return f"/static/{version()}/{name}"
