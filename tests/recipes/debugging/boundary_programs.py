"""Forty programs as beginners write them, each with conditions that inputs must reach and boundaries they must tell."""

PROGRAMS = {
    "vote": 'age = int(input("Age: "))\nif age >= 18:\n    print("may vote")\nelse:\n    print("too young")',
    "ticket": """age = int(input())
if age < 5:
    price = 0
elif age < 16:
    price = 4
elif age <= 64:
    price = 9
else:
    price = 6
print(price)""",
    "fever": """degrees = float(input("Temperature: "))
if degrees > 37.5:
    print("fever")
elif degrees < 35.5:
    print("cold")
else:
    print("fine")""",
    "parcel": """weight = float(input())
width = float(input())
if weight <= 2.5 and width < 60:
    print("small")
elif weight <= 20.0 or width < 10:
    print("large")
else:
    print("too big")""",
    "triangle": """a = int(input())
b = int(input())
c = int(input())
if a + b > c and a + c > b and b + c > a:
    print("a triangle")
else:
    print("no triangle")""",
    "password": """word = input("Password: ")
if len(word) < 8:
    print("too short")
elif len(word) > 12:
    print("too long")
else:
    print("good")""",
    "letter": """letter = input()[0]
if letter >= "a" and letter <= "z":
    print("small")
elif "A" <= letter <= "Z":
    print("capital")
else:
    print("no letter")""",
    "menu": """total = 0
while True:
    choice = input("add, show or quit: ")
    if choice == "add":
        total += int(input("How much? "))
    elif choice == "show":
        print(total)
    elif choice == "quit":
        break
    else:
        print("Unknown")
if total >= 50:
    print("Well saved")""",
    "numbered menu": """balance = 100
choice = 0
while choice != 4:
    choice = int(input("1 pay in, 2 take out, 3 show, 4 end: "))
    if choice == 1:
        balance = balance + int(input("Amount: "))
    elif choice == 2:
        amount = int(input("Amount: "))
        if amount > balance:
            print("Not enough")
        else:
            balance = balance - amount
    elif choice == 3:
        print("Balance", balance)
print("Bye", balance)""",
    "until negative": """largest = 0
number = int(input())
while number >= 0:
    if number > 20:
        largest = largest + 1
    number = int(input())
print(largest)""",
    "until done": """count = 0
text = input("Word: ")
while text != "done":
    if len(text) >= 5:
        count += 1
    text = input("Word: ")
print("long words:", count)""",
    "marks": """count = int(input("How many? "))
passed = 0
for turn in range(count):
    mark = int(input("Mark: "))
    if mark >= 40:
        passed += 1
print("passed:", passed)
if passed > 2:
    print("A good class")""",
    "average": """first = float(input())
second = float(input())
mean = (first + second) / 2
if mean >= 12.5:
    print("above", mean)
else:
    print("below")""",
    "change": """pounds = int(input("Pounds: "))
coins = int(input("Coins: "))
if pounds * 100 + coins < 350:
    print("Too little")
else:
    print("Change:", pounds * 100 + coins - 350)""",
    "leap": """year = int(input())
if year % 400 == 0 or year % 4 == 0 and year % 100 != 0:
    print("leap")
else:
    print("common")""",
    "guess": """import random

secret = random.randint(1, 50)
guess = int(input("Guess: "))
tries = 1
while guess != secret and tries < 4:
    if guess < secret:
        print("higher")
    else:
        print("lower")
    guess = int(input("Guess: "))
    tries += 1
print("end", guess == secret)""",
    "dice": """import random

points = 0
for turn in range(2):
    points += random.randint(1, 6)
bet = int(input("Your bet: "))
if bet < points:
    print("too low")
elif bet == points:
    print("right")
else:
    print("too high")""",
    "coin": """from random import choice

side = choice(["head", "tail"])
said = input("head or tail? ")
if said == side:
    print("won")
else:
    print("lost", side)""",
    "split": """numbers = [int(part) for part in input("Numbers: ").split()]
if len(numbers) > 3:
    print("many")
elif sum(numbers) >= 30:
    print("much")
else:
    print("little")""",
    "commas": """name, age = input("Name, age: ").split(",")
if int(age) >= 13:
    print(name.strip(), "is a teenager")
else:
    print(name.strip(), "is a child")""",
    "function": """def grade(mark):
    if mark > 89:
        return "A"
    if mark > 69:
        return "B"
    return "C"


print(grade(int(input())))""",
    "safe number": """while True:
    try:
        number = int(input("Number: "))
        break
    except ValueError:
        print("That is no number")
if number < 10:
    print("one digit or less")
else:
    print("more")""",
    "division": """top = int(input())
bottom = int(input())
if bottom == 0:
    print("cannot divide")
elif top // bottom >= 7:
    print("large")
else:
    print("small")""",
    "shop": """prices = {"tea": 2, "bun": 3, "pie": 5}
bill = 0
order = input("Order: ")
while order != "":
    if order in prices:
        bill += prices[order]
    else:
        print("No", order)
    order = input("Order: ")
    if bill > 8:
        print("That is enough")
        break
print(bill)""",
    "speed": """speed = int(input("Speed: "))
limit = int(input("Limit: "))
over = speed - limit
if over <= 0:
    print("fine")
elif over < 20:
    print("ticket")
else:
    print("court")""",
    "rectangle": """width = int(input())
height = int(input())
area = width * height
if area > 48:
    print("large")
if width == height:
    print("square")
print(area)""",
    "even": """number = int(input())
if number % 2 == 0:
    print("even")
else:
    print("odd")
if number < 0:
    print("negative")""",
    "signs": """first = int(input())
second = int(input())
if first > 0 and second > 0:
    print("both")
elif first > 0 or second > 0:
    print("one")
else:
    print("none")""",
    "range": """number = int(input("1 to 10: "))
while not 1 <= number <= 10:
    number = int(input("1 to 10, please: "))
print("*" * number)""",
    "upper": """name = input("Name: ").strip().lower()
if name == "bob":
    print("Hello Bob")
elif name.startswith("a"):
    print("An A name")
else:
    print("Hello")
if len(name) <= 3:
    print("short")""",
    "interest": """amount = float(input())
years = 0
while amount < 200.0:
    amount = amount + 50.0
    years += 1
    if years > 30:
        break
print(years)
if years >= 3:
    print("patience")""",
    "discount": """items = int(input())
price = float(input())
total = items * price
if total >= 100.0:
    total = total * 0.5
print(total)""",
    "vowels": """count = 0
for letter in input("Sentence: "):
    if letter in "aeiou":
        count += 1
if count > 2:
    print("many vowels")
else:
    print("few vowels")""",
    "countdown": """start = int(input())
while start > 3:
    print(start)
    start -= 1
print("go", start)""",
    "three votes": """yes = 0
for person in ["Ana", "Ben", "Cleo"]:
    if input(person + ": ") == "yes":
        yes += 1
if yes >= 2:
    print("passed")
else:
    print("failed")""",
    "clock": """hour = int(input())
minute = int(input())
if hour < 0 or hour > 23 or minute < 0 or minute > 59:
    print("no time")
elif hour < 12:
    print("morning")
else:
    print("later")""",
    "matching": """match input("Command: ").split():
    case ["go", place]:
        print("going to", place)
    case ["stop"]:
        print("stopping")
    case _:
        print("what?")
if int(input("Steps: ")) > 9:
    print("far")""",
    "lines": """import sys

total = 0
for line in sys.stdin:
    total += int(line)
if total > 60:
    print("over")
else:
    print("under", total)""",
    "rounds": """lives = 3
score = 0
while lives > 0 and score < 5:
    answer = int(input("2 + 2 = "))
    if answer == 4:
        score += 1
    else:
        lives -= 1
if score >= 5:
    print("won")
else:
    print("lost", score)""",
    "nested": """income = int(input())
if income > 1000:
    tax = (income - 1000) // 5
    if tax > 800:
        tax = tax + 50
    print("tax", tax)
else:
    print("no tax")""",
}
"""By name; every comparison of an order has a boundary that some input tells from its neighbours."""
