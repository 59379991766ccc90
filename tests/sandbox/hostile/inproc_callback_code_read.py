# {"category": "inproc", "name": "callback code read", "expect": "notpass", "problem": "callback"}
def f(check):
    code = getattr(check, "__code__", None)
    for part in (code.co_consts if code else ()):
        if type(part) is int: return part
    for cell in getattr(check, "__closure__", None) or ():
        return cell.cell_contents
    return 0
