"""Retrieval: answer a question from the archive, and say what the answer does not cover."""
