"""The pure heart: no I/O, no clock, no environment. It imports nothing that can reach outside."""
