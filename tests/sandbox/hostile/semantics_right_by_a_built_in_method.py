# {"category": "semantics", "name": "right by a built-in method", "expect": "pass", "problem": "add"}
f = (1).__add__
