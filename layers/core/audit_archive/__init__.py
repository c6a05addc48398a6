"""Canary Audit Archive: keep a Canary Console's audit trail provably, then purge the Console."""

__version__ = "0.1.0"
