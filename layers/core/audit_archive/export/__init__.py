"""A Console's export, a zip of JSON, read into entries. Pure."""
