# {"category": "exit", "name": "system exit at load", "expect": "notpass", "problem": "add"}
raise SystemExit
