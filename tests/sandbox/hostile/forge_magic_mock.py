# {"category": "forge", "name": "magic mock", "expect": "notpass", "problem": "add"}
from unittest.mock import MagicMock
def f(x):
    mock = MagicMock()
    mock.__eq__.return_value = True
    mock.__class__ = int
    return mock
