"""The audit of an archive in a folder, every byte of it. Each workload returns the entries."""
