"""What an auditor is handed as it is: the verifier, and the script and style of the report."""
