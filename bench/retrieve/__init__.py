"""Retrieval: an archive on disk is searched. Each workload returns the entries that it looked at."""
