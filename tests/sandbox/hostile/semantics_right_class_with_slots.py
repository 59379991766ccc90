# {"category": "semantics", "name": "right class with slots", "expect": "pass", "problem": "stack"}
class Stack(list):
    __slots__ = ()
    push = list.append
