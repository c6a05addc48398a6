"""The archive run among everything that can happen to it: see `machine.py` and `tests/long_torture.py`."""
