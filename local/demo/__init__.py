"""`make demo`: archive runs seen from the outside, as a person wants to; `make local`: the same to play."""
