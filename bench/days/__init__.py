"""The runs that everybody has: nothing new, a day of entries, a first archive of years, and a cold start."""
