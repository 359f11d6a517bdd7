"""What the mathematics of agreement and the pages share; nothing here computes."""

from string import ascii_uppercase

FEWEST = 30  # units at least behind a coefficient of an annotator, a pair or a time; fewer tell of luck
FEW = "few"  # why such a coefficient is withheld


def letters(number: int) -> str:
    """A, B, …, Z, AA, AB, …"""
    above, place = divmod(number, len(ascii_uppercase))
    return (letters(above - 1) if above else "") + ascii_uppercase[place]
