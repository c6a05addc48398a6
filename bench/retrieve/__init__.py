"""Retrieval over a copy of an archive: what one user did, and all that happened. Each returns the entries."""

USER = "thabo@example.com"
"""One of the least busy people in a made-up trail."""
