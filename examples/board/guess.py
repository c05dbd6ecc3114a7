# Reads lines from the board's USB serial: type them, or pipe them in.
#
#   printf '50\n75\n' | penloop board examples/board/guess.py --seed 3
import random

secret = random.randint(1, 100)
for turn in range(1, 8):
    guess = int(input("a number from 1 to 100? "))
    if guess == secret:
        print("found in", turn, "turns")
        break
    print("higher" if guess < secret else "lower")
else:
    print("it was", secret)
