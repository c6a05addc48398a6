"""The embedded default: a Console and an AWS on your machine. Nothing in here is deployed."""
