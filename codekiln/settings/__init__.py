"""The settings of a run: their schema, the profiles, and how both and the overrides become one resolved object."""
