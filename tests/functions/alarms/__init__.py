"""Each alarm of the template is driven from its cause, and none goes off in a healthy week."""
