"""The archive run among everything that can happen to it: see `machine.py`, and `python -m tests.torture`."""
