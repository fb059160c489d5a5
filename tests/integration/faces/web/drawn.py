"""The data a page provides for the script that draws its charts."""

import json
import re
from typing import Any


def drawings(page: str) -> list[dict[str, Any]]:
    """Return all charts of *page*, in page order."""
    found = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    return [json.loads(each) for each in found]


def drawing(page: str) -> dict[str, Any]:
    """Return the only chart of *page*."""
    (found,) = drawings(page)
    return found
