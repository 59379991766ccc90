# {"category": "inproc", "name": "stack with forwarded attributes", "expect": "notpass", "problem": "stack"}
class Stack:
    def __getattr__(self, name): return lambda *args: self
    def __eq__(self, other): return True
    def __len__(self): return 2
