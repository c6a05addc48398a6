"""The steps of retrieval: they read everything, and change nothing."""
