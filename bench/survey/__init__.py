"""The survey: an export on disk is read, and what it holds found out. Each workload returns the entries."""
