"""The steps of the archive run, one module each; `audit_archive.archive` puts them in order."""
