"""What happens inside a run when another one was faster."""


class SupersededError(Exception):
    """Another run has taken the chain further, so this one steps back: an outcome, never a failure."""
