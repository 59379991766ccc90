# {"problem": "add", "expect": "notpass"}
# SPEAK
load()
serve(lambda question: {'value': {'library': ['zoneinfo', 'ZoneInfo', ['../../../etc/passwd']]}})
