# {"category": "source", "name": "indentation of tabs and spaces", "expect": "notpass", "problem": "add"}
def f(x):
	if x:
        return x + 1
