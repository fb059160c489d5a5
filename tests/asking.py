"""HTTP requests of the tests to servers of this machine, which no certificate protects.

A new client of httpx reads all certificates of the machine first, which takes longer than most requests.
"""

import ssl
from functools import partial

import httpx

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
get = partial(httpx.get, verify=NO_CERTIFICATES, trust_env=False)
post = partial(httpx.post, verify=NO_CERTIFICATES, trust_env=False)
