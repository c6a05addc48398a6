"""One module per outside thing; each raises only errors of `audit_archive.errors`."""
