# {"problem": "zip", "expect": "notpass"}
# SPEAK
load([[4, ['E', 'program', ['ValueError'], []]]])
serve(lambda q: {'raised': ['E', '', 0, [{'shared': [4, {}]}], None, 6, 4]})
