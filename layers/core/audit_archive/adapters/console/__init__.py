"""The Console's API, version 1."""
