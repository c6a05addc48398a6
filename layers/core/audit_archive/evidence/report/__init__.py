"""The report of a bundle of evidence: one HTML page for a person to read, made from a `Report`. Pure.

`page` puts it together, of what `audit_archive.html_page` gives.
"""
