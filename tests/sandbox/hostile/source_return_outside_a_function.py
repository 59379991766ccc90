# {"category": "source", "name": "return outside a function", "expect": "notpass", "problem": "add"}
return 2
