# {"problem": "zip", "expect": "notpass"}
# SPEAK
load()
serve(lambda q: {'raised': ['StopIteration', '', 0, [], None, 6, 4], 'classes': [[4, ['StopIteration', 'builtins', ['Exception'], []]]]})
