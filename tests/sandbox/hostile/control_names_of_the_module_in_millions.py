# {"category": "control", "name": "names of the module in millions", "expect": "any", "problem": "add"}
for number in range(10**5): globals()[f"name{number}"] = number
def f(x): return x + 1
