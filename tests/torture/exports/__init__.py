"""Hostile exports: each ends in its documented error or in a complete archive, and nothing third."""
