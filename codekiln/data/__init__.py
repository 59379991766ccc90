"""Records, data folders, readers, splits, deduplication and decontamination."""
