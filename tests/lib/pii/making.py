"""Made-up personal data that is right in form: check digits fit, numbers lie in ranges that exist."""

import random
import string
from collections.abc import Callable

import phonenumbers

Make = Callable[[random.Random], str]

FIRST = ["Amina", "Claire", "Dylan", "Elsa", "Farid", "Grace", "Hugo", "Inès", "Karim", "Léa", "Nora", "Théo"]
LAST = ["Bernard", "Clarke", "Dubois", "Evans", "Fontaine", "Garcia", "Ivanov", "Jones", "Khan", "Nguyen"]
HOSTS = ["gmail.com", "orange.fr", "hotmail.co.uk", "proton.me", "uni-lyon.fr", "nhs.net", "company.io"]


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def grouped(text: str, sizes: list[int], gap: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(text[at : at + size])
        at += size
    return gap.join([*parts, text[at:]] if text[at:] else parts)


def email(rng: random.Random) -> str:
    first, last = rng.choice(FIRST).lower(), rng.choice(LAST).lower()
    shape = rng.choice(["{f}.{l}", "{f}{l}{n}", "{f}_{l}", "{f}-{l}", "{i}{l}", "{f}.{l}+{n}"])
    local = shape.format(f=first, l=last, i=first[0], n=rng.randint(1, 99))
    return f"{local}@{rng.choice(HOSTS)}"


def spoken_email(rng: random.Random) -> str:
    first, last, host = rng.choice(FIRST).lower(), rng.choice(LAST).lower(), rng.choice(HOSTS)
    return rng.choice(
        [
            f"{first}.{last} [at] {host}",
            f"{first}.{last}(at){host}",
            f"{first}{last} at {host.replace('.', ' dot ')}",
            f"{first}.{last} arobase {host.replace('.', ' point ')}",
        ]
    )


def valid(rng: random.Random, region: str, draw: Make) -> str:
    """Draw until such a number exists in the region."""
    while True:
        number = draw(rng)
        if phonenumbers.is_valid_number(phonenumbers.parse(number, region)):
            return number


def phone_fr(rng: random.Random) -> str:
    number = valid(rng, "FR", lambda r: r.choice(["01", "02", "04", "06", "06", "07", "09"]) + digits(r, 8))
    shape = rng.randrange(8)
    national = number[1:]
    if shape < 4:
        return grouped(number, [2, 2, 2, 2], ["", " ", ".", "-"][shape])
    prefix = ["+33 ", "+33", "+33 (0)", "0033 "][shape - 4]
    return prefix + (national if shape == 5 else grouped(national, [1, 2, 2, 2], " "))


def phone_gb(rng: random.Random) -> str:
    number = valid(rng, "GB", lambda r: r.choice(["07400", "07700", "0207", "01614", "01315"]) + digits(r, 6))
    return rng.choice(
        [number, grouped(number, [5, 3], " "), "+44 " + grouped(number[1:], [4], " "), "+44" + number[1:]]
    )


def phone_us(rng: random.Random) -> str:
    number = valid(
        rng, "US", lambda r: r.choice(["212", "415", "617", "303"]) + str(r.randint(2, 9)) + digits(r, 6)
    )
    area, middle, last = number[:3], number[3:6], number[6:]
    return rng.choice(
        [
            f"({area}) {middle}-{last}",
            f"{area}-{middle}-{last}",
            f"{area}.{middle}.{last}",
            f"+1 {area} {middle} {last}",
        ]
    )


def iban(rng: random.Random) -> str:
    country, bban = rng.choice(
        [("FR", _french_bban(rng)), ("DE", digits(rng, 18)), ("GB", "NWBK" + digits(rng, 14))]
    )
    value = f"{98 - int(_as_number(bban + country + '00')) % 97:02d}"
    compact = country + value + bban
    return rng.choice([compact, grouped(compact, [4] * (len(compact) // 4), " ")])


def _french_bban(rng: random.Random) -> str:
    bank, branch, account = digits(rng, 5), digits(rng, 5), digits(rng, 11)
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * int(account)) % 97
    return f"{bank}{branch}{account}{key:02d}"


def _as_number(text: str) -> str:
    return "".join(str(int(sign, 36)) for sign in text)


def luhn_digit(body: str) -> str:
    total = 0
    for place, sign in enumerate(reversed(body)):
        value = int(sign) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def card(rng: random.Random) -> str:
    start, length = rng.choice([("4", 16), ("52", 16), ("55", 16), ("37", 15), ("6011", 16)])
    body = start + digits(rng, length - len(start) - 1)
    number = body + luhn_digit(body)
    sizes = [4, 6] if length == 15 else [4, 4, 4]
    return rng.choice([number, grouped(number, sizes, " "), grouped(number, sizes, "-")])


def nir(rng: random.Random) -> str:
    born = f"{rng.choice('12')}{rng.randint(40, 99)}{rng.randint(1, 12):02d}"
    body = f"{born}{rng.randint(1, 95):02d}{rng.randint(1, 990):03d}{rng.randint(1, 999):03d}"
    number = f"{body}{97 - int(body) % 97:02d}"
    return rng.choice([number, grouped(number, [1, 2, 2, 2, 3, 3], " ")])


def nino(rng: random.Random) -> str:
    letters = rng.choice(["AB", "CE", "JK", "PW", "SR", "WM"])
    number = f"{letters}{digits(rng, 6)}{rng.choice('ABCD')}"
    return rng.choice([number, grouped(number, [2, 2, 2, 2], " ")])


def ssn(rng: random.Random) -> str:
    return f"{rng.randint(1, 665):03d}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}"


def nhs(rng: random.Random) -> str:
    while True:
        body = rng.choice("4679") + digits(rng, 8)
        check = 11 - sum(int(sign) * (10 - place) for place, sign in enumerate(body)) % 11
        if check != 10:
            return grouped(f"{body}{check % 11}", [3, 3], " ")


STREETS_FR = [
    "Victor Hugo",
    "de la République",
    "des Lilas",
    "du Général Leclerc",
    "Pasteur",
    "de l'Église",
    "Jean Jaurès",
    "des Trois Fontaines",
]
TOWNS_FR = [
    "69003 Lyon",
    "75011 Paris",
    "13006 Marseille",
    "44000 Nantes",
    "38000 Grenoble",
    "76600 Le Havre",
]
STREETS_EN = ["Maple", "Oak Hill", "Station", "Church", "Victoria", "Elm Grove", "Martin Luther King", "42nd"]
TYPES_EN = ["Street", "Road", "Avenue", "Lane", "Drive", "St", "Rd", "Ave", "Boulevard", "Close"]
TOWNS_EN = ["London SW1A 2AA", "Leeds LS6 3HN", "Austin, TX 78701", "Springfield, IL 62704", "Oxford OX1 4AU"]


def address_fr(rng: random.Random) -> str:
    number = f"{rng.randint(1, 250)}{rng.choice(['', '', '', ' bis', ' ter'])}"
    kind = rng.choice(["rue", "avenue", "boulevard", "chemin", "impasse", "allée", "quai", "av."])
    street = f"{number}{rng.choice([' ', ', '])}{kind} {rng.choice(STREETS_FR)}"
    return street + rng.choice(["", f", {rng.choice(TOWNS_FR)}", f" {rng.choice(TOWNS_FR)}"])


def address_en(rng: random.Random) -> str:
    street = f"{rng.randint(1, 1799)} {rng.choice(STREETS_EN)} {rng.choice(TYPES_EN)}"
    return street + rng.choice(["", f", {rng.choice(TOWNS_EN)}", f", {rng.choice(TOWNS_EN)}"])


def ip(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return "2a01:" + ":".join(f"{rng.randint(1, 0xFFFF):x}" for _ in range(7))
    return ".".join(
        str(part) for part in (rng.choice([8, 23, 51, 78, 91]), *(rng.randint(1, 254) for _ in range(3)))
    )


def credentials(rng: random.Random) -> str:
    secret = "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(14))
    host = f"{rng.choice(['db', 'git', 'ftp'])}.{rng.choice(HOSTS)}"
    return rng.choice(
        [f"https://{rng.choice(LAST).lower()}:{secret}@{host}", f"postgres://app:{secret}@{host}:5432"]
    )


NUMBERS_EN = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def spelt_phone(rng: random.Random) -> str:
    return " ".join(NUMBERS_EN[int(sign)] for sign in "07" + digits(rng, 9))


def broken_email(rng: random.Random) -> str:
    local, host = email(rng).split("@")
    return f"{local} @ {host.replace('.', ' . ')}"


def small_address(rng: random.Random) -> str:
    return f"{rng.randint(1, 99)} {rng.choice(['oak drive', 'maple st', 'church lane', 'mill close'])}"


def belgian_address(rng: random.Random) -> str:
    return f"Rue {rng.choice(STREETS_FR)} {rng.randint(1, 250)}, {rng.randint(1000, 9999)} Bruxelles"


def mistyped_card(rng: random.Random) -> str:
    number = card(rng)
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def bare_ssn(rng: random.Random) -> str:
    return ssn(rng).replace("-", "")


def defanged_ip(rng: random.Random) -> str:
    return f"51[.]{rng.randint(1, 254)}[.]{rng.randint(1, 254)}[.]{rng.randint(1, 254)}"


def national_phone(rng: random.Random) -> str:
    """Without its prefix, in a country whose own way of writing the finder does not know."""
    return valid(rng, "DE", lambda r: f"0{r.choice(['151', '30', '89'])} {digits(r, 8)}")


MAKERS: dict[str, tuple[str, Make]] = {
    "email": ("email", email),
    "spoken": ("email", spoken_email),
    "phone_fr": ("phone", phone_fr),
    "phone_gb": ("phone", phone_gb),
    "phone_us": ("phone", phone_us),
    "iban": ("iban", iban),
    "card": ("card", card),
    "nir": ("national_id", nir),
    "nino": ("national_id", nino),
    "ssn": ("national_id", ssn),
    "nhs": ("national_id", nhs),
    "address_fr": ("address", address_fr),
    "address_en": ("address", address_en),
    "ip": ("ip", ip),
    "credentials": ("credentials", credentials),
    "spelt_phone": ("phone", spelt_phone),
    "broken_email": ("email", broken_email),
    "small_address": ("address", small_address),
    "belgian_address": ("address", belgian_address),
    "mistyped_card": ("card", mistyped_card),
    "bare_ssn": ("national_id", bare_ssn),
    "defanged_ip": ("ip", defanged_ip),
    "national_phone": ("phone", national_phone),
}
