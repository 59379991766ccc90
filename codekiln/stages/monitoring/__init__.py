"""What a run tells its surroundings: Prometheus metrics, and notifications as CloudEvents; both off by default.

Nothing here fails or holds up a run: deliveries have a thread of their own and a time limit, and one that fails is said
once in the log.
"""
