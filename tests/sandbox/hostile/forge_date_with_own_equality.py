# {"category": "forge", "name": "date with own equality", "expect": "notpass", "problem": "date"}
import datetime
class D(datetime.date):
    def __eq__(self, other): return True
    def __reduce__(self): return datetime.date, (2020, 1, 1)
    def isoformat(self): return "2020-01-01"
def f(x): return D(1999, 9, 9)
