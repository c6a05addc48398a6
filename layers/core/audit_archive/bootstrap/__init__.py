"""The composition root: the only package that builds adapters and passes them as ports.

Each function has a module of its own here, and imports no code of the others: it makes a cold start longer.
"""
