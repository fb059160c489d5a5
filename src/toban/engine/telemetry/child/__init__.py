"""The telemetry store's own process: a chDB session behind the ClickHouse HTTP protocol, on loopback only.

chDB lives nowhere else. It brings 350 MB of memory, does not survive a fork, and takes its process down when
it fails; in a child of its own none of that reaches monitoring or the pages.
"""
