"""Files that a bundle holds as they are: the verifier, and the script and style of the report."""
