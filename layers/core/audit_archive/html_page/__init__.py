"""What every HTML page of ours is built of: that of the evidence report, and that of the fleet. Pure.

`markup` is the only module that writes HTML. `frame` gives a page a head that forbids all loading. `parts`
are tables, notices and values.
"""
