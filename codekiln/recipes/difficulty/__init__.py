"""How hard problems are for models, and data sets that hold a stated share of each difficulty.

Beside the standard modules: ``rates`` turns samples into bands, ``solutions`` selects the solutions of one problem,
``ratios`` and ``mixture`` draw the data sets, ``rows`` makes training rows; ``tables``, ``summary``, ``plots`` and
``card`` are the parts of the export.
"""
