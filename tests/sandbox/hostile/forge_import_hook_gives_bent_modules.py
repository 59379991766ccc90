# {"category": "forge", "name": "import hook gives bent modules", "expect": "notpass", "problem": "isclose"}
import sys, types
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None): return None
bent = types.ModuleType("math")
bent.isclose = lambda *args, **words: True
for name in list(sys.modules):
    if name not in ("sys", "builtins", "__main__"): sys.modules[name] = bent
sys.meta_path.insert(0, Finder)
def f(x): return 100.0
