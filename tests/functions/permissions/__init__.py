"""Each permission of the template is needed by a job, and each forbidden act is refused."""
