"""`canary-audit`: what a person does with the archive at a terminal, with their own AWS credentials.

It never runs in AWS. It uses the use cases that the functions use; `cli.bootstrap` puts them together.
"""
