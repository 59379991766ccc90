# {"problem": "animal", "expect": "pass"}
class f:
    def __new__(cls):
        class Dog(Animal):
            def speak(self): return 'woof'
        return Dog()
