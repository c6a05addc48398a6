"""The audit: verify that an archive is whole."""
