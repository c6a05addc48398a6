"""The real template, really deployed, its function really invoked through Lambda: on this machine."""
