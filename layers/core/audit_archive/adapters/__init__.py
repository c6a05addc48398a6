"""One module for each outside system. Each raises only errors of `audit_archive.errors`."""
