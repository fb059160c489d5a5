"""Secrets that are known by their own shape, whatever stands before them. Pure.

Each is found in linear time: a token begins where none of its own characters precedes it.
"""

import re

_ISSUED = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",  # AWS
    r"gh[opsur]_[A-Za-z0-9]{30,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{20,}",
    r"glpat-[A-Za-z0-9_-]{16,}",  # GitLab
    r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}",  # Slack
    r"xapp-[A-Za-z0-9-]{10,}",
    r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{16,}",
    r"AIza[A-Za-z0-9_-]{35}",  # Google
    r"npm_[A-Za-z0-9]{30,}",
    r"pypi-[A-Za-z0-9_-]{50,}",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",  # SendGrid
    r"sk-(?:proj-|ant-|svcacct-)?[A-Za-z0-9_-]{32,}",  # OpenAI, Anthropic
)
_JWT = r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){2,4}"
"""Three parts, or five if it is encrypted (RFC 7515, RFC 7516)."""

TOKEN = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_JWT}|{'|'.join(_ISSUED)})")

WEBHOOK = re.compile(r"(hooks\.slack\.com/(?:services|workflows|triggers)/)[\w/-]+", re.IGNORECASE)

_NAME = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
PRIVATE_KEY = re.compile(rf"(-----BEGIN {_NAME}).*?(-----END {_NAME}|\Z)", re.DOTALL)
"""In PEM; a key without an end extends to the end of its text."""

BEGINNINGS = (_JWT, *_ISSUED, r"hooks\.slack\.com", r"PRIVATE KEY")
"""What a line with one of these contains, for re2."""
