# {"problem": "apply", "expect": "notpass"}
# SPEAK
load()
def answer(q):
    if 'callback' not in str(q): return {'value': None}
    send({'call': q['with'][1]['callback'], 'with': [{'library': ['io', 'open_code']}, 'import os\nfor n in range(3, 64):\n    try: os.write(n, b\'["test", "", null, false]\\n["end"]\\n\')\n    except OSError: pass\nos._exit(0)\n']})
    receive()
    return {'value': 0}
serve(answer)
