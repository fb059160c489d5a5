"""With a public https URL, cookies and headers are set for https."""

import json
import os
import subprocess
import sys

import pytest

ASK = """
import json
from django.conf import settings as s
names = "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_HTTPONLY"
print(json.dumps([bool(getattr(s, name)) for name in names]))
"""


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://ops.example.com", [True, True, True, True]),
        ("http://127.0.0.1:8300", [False, False, False, True]),
    ],
)
def test_cookies_are_secure_if_the_public_url_is(address: str, expected: list[bool]) -> None:
    environment = {**os.environ, "TOBAN_PUBLIC_URL": address, "DJANGO_SETTINGS_MODULE": "toban.settings"}

    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, check=True, capture_output=True, text=True
    )

    assert json.loads(done.stdout) == expected


FAIL = """
import django, logging
django.setup()
from django.test import RequestFactory
from django.utils.log import log_response
from django.http import HttpResponse
asked = RequestFactory().get("/")
for status in 404, 500:
    log_response("%s %s", status, "/x\\nFAKE", response=HttpResponse(status=status), request=asked)
"""


def test_a_failure_in_a_page_is_one_log_line_and_a_404_is_not_logged() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "toban.settings"}

    done = subprocess.run(
        [sys.executable, "-c", FAIL], env=environment, check=True, capture_output=True, text=True
    )

    assert done.stderr == "500 /x\\nFAKE\n"
