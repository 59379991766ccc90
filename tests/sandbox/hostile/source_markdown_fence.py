# {"category": "source", "name": "markdown fence", "expect": "notpass", "problem": "add"}
```python
def f(x): return x + 1
```
