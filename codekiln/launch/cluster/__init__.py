"""Jobs on a cluster: made or found, followed to their end, and explained when they fail."""
