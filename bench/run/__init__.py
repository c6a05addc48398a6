"""The whole run: an export is taken from a Console and put into S3. Each workload returns the entries."""
