"""What every slice does with the bucket: read the chain, build and read entry files."""
