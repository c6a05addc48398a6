"""The bundle of evidence that an auditor is handed."""
