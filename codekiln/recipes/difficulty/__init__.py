"""Recipe difficulty: problems rated by their solve rate, and data sets with a stated ratio of difficulty bands.

Beside the standard modules: ``rates`` turns samples into bands, ``solutions`` selects the solutions of one problem,
``ratios`` and ``mixture`` draw the data sets, ``rows`` makes training rows; ``tables``, ``summary``, ``plots`` and
``card`` are the parts of the export.
"""
