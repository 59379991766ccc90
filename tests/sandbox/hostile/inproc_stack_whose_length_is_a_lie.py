# {"category": "inproc", "name": "stack whose length is a lie", "expect": "notpass", "problem": "stack"}
class Stack:
    def __init__(self): self.items = []
    def push(self, item): self.items.append(item)
    def pop(self): return self.items.pop()
    def __len__(self): return True - 1.0
