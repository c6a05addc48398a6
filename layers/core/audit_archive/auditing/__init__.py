"""The parts of an audit: what `audit_archive.verify` is made of."""
