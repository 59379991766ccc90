# {"category": "semantics", "name": "right script with a main guard", "expect": "pass", "problem": "script"}
def main(): print(2 * int(input()))
if __name__ == "__main__": main()
