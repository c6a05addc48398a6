"""The auditor's copy, `verify.py`: as a program, against the use case, and against attackers."""
