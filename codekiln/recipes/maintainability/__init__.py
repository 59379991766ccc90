"""Preference pairs between programs that pass, ordered by a code metric."""
