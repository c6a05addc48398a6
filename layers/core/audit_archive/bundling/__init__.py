"""The parts of a bundle of evidence: gathered, and packed."""
