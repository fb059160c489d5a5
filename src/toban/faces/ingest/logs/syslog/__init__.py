"""Syslog over TCP, TLS and UDP, where `[syslog]` says so: RFC 5424, 6587, 5425, 5426, and RFC 3164.

The protocol has no acknowledgement: what came in the last second before a crash is lost. While the store is
away TCP connections are not read, so that their senders wait; what finds no room by UDP is dropped, counted.
"""
