# {"category": "hang", "name": "in a finaliser", "expect": "notpass", "problem": "add"}
class Odd:
    def __del__(self):
        while True: pass
def f(x):
    Odd()
    return x + 1
