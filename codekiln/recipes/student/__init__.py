"""What students hand in: rows and streams, prompts, splits without leakage, and how real a submission looks."""
