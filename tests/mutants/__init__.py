"""The suite put to the test: each safety rule is taken out of the product in turn, and a test must notice.

`python -m tests.mutants`; the rules and what holds them are the table in docs/mutants.md.
"""
