"""The archive run: archive the trail, then purge the Console up to what is archived."""
