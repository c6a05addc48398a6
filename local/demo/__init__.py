"""`make demo`: shows archive runs from the outside; `make local`: keeps the same stack up to play with."""
