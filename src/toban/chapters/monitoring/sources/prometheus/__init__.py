"""Hosts and services by their Prometheus exposition: node_exporter's names, and HTTP counters."""
