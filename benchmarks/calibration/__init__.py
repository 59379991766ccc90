"""How often intervals cover, and how often the gate promotes, on simulated evaluations whose truth is known."""
