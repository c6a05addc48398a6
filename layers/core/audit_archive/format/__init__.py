"""What lies in the bucket for ever: its bytes, its names and its rules. Pure."""
