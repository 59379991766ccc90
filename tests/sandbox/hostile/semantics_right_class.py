# {"category": "semantics", "name": "right class", "expect": "pass", "problem": "stack"}
class Stack:
    def __init__(self): self.items = []
    def push(self, item): self.items.append(item)
    def pop(self): return self.items.pop()
    def __len__(self): return len(self.items)
