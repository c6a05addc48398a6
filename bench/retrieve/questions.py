"""What is asked of the archive: one who is rare, a text that is rarer, and everything; of a month or of the year."""

USER = "thabo@example.com"
TEXT = "00deadbeef"
MONTH = ("2026-03-01", "2026-03-31")
