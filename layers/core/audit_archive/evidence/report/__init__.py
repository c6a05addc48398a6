"""The report of a bundle of evidence: one HTML page for a person to read, made from a `Report`. Pure.

`page` puts it together, `markup` is the only module that writes HTML.
"""
