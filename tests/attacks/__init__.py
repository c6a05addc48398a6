"""Attacks on a finished archive, each by somebody who could do it: every one must be found, and named."""
