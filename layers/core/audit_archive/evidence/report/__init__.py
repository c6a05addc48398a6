"""The report of a bundle of evidence: one page for a person to read, made from what is known. Pure.

`page` puts it together, `markup` is the only module that writes HTML.
"""
