# {"problem": "zip", "expect": "notpass"}
# SPEAK
load()
serve(lambda q: {'raised': ['E', '', float('inf'), [], None, 6, 4], 'classes': [[4, ['E', 'program', ['ValueError'], []]]]})
