"""Sentences around the made-up data, and sentences that only look as if they held some.

TUNED was at hand while the finder was written. HELD_OUT was written before the first measurement and not
looked at while the finder was changed: its figures are those to believe.
"""

import re

# Words by which our French sentences are told from the English ones.
FRENCH = re.compile(
    r"[éèàçùÉ«°]|\b(?:au|mon|ma|mes|est|svp|merci|voici|compte|RIB|adresse|si|Livrez|Connexion|hier|habite)\b"
    r"|Domicile",
    re.IGNORECASE,
)

TUNED = {
    "email": [
        "You can write to me at {email}, thanks.",
        "My address is {email}. Can you draft a reply?",
        "Écris à {email} pour confirmer le rendez-vous.",
        "Mon adresse : {email}",
    ],
    "spoken": ["reach me: {spoken}", "mon mail c'est {spoken}"],
    "phone_fr": [
        "Appelez-moi au {phone_fr} après 18h.",
        "tel : {phone_fr}, merci",
        "My French number is {phone_fr}.",
    ],
    "phone_gb": ["Ring me on {phone_gb} please.", "My mobile is {phone_gb}, call any time."],
    "phone_us": ["Call me at {phone_us} tomorrow.", "The clinic's number: {phone_us}."],
    "iban": ["Please wire it to {iban} before Friday.", "Mon IBAN est {iban}, peux-tu vérifier ?"],
    "card": ["My card {card} was refused.", "Ma carte {card} expire en 12/27."],
    "nir": ["Mon numéro de sécu est {nir}.", "sécurité sociale {nir} et mutuelle à jour"],
    "nino": ["My NI number is {nino}.", "National insurance: {nino}, what next?"],
    "ssn": ["My SSN is {ssn}.", "social security {ssn} on the form"],
    "nhs": ["My NHS number is {nhs}.", "patient {nhs} was seen today"],
    "address_fr": ["J'habite au {address_fr}.", "Livrez au {address_fr}, merci beaucoup."],
    "address_en": ["I live at {address_en}.", "Send it to {address_en}, please."],
    "ip": ["My router shows {ip} as its address.", "Connexion depuis {ip} refusée."],
    "credentials": ["It fails: {credentials}/data", "voici l'adresse {credentials}/base du serveur"],
    "small_address": ["i live at {small_address}"],
    "belgian_address": ["J'habite {belgian_address}"],
}

HELD_OUT = {
    "email": [
        "cc {email};{email} on everything",
        "<{email}> wrote: can you fix my visa?",
        "Contact:{email}\nObjet: réclamation",
        "Est-ce que ({email}) est une adresse valide",
        "mailto:{email}?subject=hello",
    ],
    "spoken": ["hit me up, {spoken}, cheers", "contact {spoken} svp"],
    "phone_fr": [
        "si besoin {phone_fr} ou laisse un message",
        "Docteur Lemaire ({phone_fr}) ne répond pas",
        "Réécris ce SMS: «Rappelle le {phone_fr}»",
        "Domicile={phone_fr}",
    ],
    "phone_gb": [
        "Landlord - {phone_gb}",
        "she texted from {phone_gb} again and again",
        "{phone_gb} is my office line",
    ],
    "phone_us": [
        "{phone_us} or {phone_us}, whichever",
        "Write a voicemail greeting for {phone_us}",
        "Fax:{phone_us}",
    ],
    "iban": ["compte {iban} au nom de ma mère", "is {iban} a scam?", "RIB:{iban}"],
    "card": ["{card} exp 04/28 cvv 123", "numéro de carte bancaire: {card}", "they charged {card} twice!"],
    "nir": ["Assurée {nir}, née à Rouen", "n°{nir} - demande de remboursement"],
    "nino": ["{nino} is what HMRC has on file", "fill in P45 with {nino}"],
    "ssn": ["they leaked {ssn}!!", "SSN:{ssn}, DOB 1990"],
    "nhs": ["nhs no. {nhs} referral letter", "NHS:{nhs}"],
    "address_fr": [
        "Mes parents sont {address_fr} depuis 1998",
        "adresse: {address_fr}\nTéléphone: néant",
        "Le cambriolage a eu lieu {address_fr} hier soir",
    ],
    "address_en": [
        "Write to the landlord of {address_en} about the mould",
        "my nan's house, {address_en}, is for sale",
        "Deliver: {address_en}\nLeave with neighbour",
    ],
    "ip": ["ssh root@{ip} times out", "{ip} - - GET /index.html", "l'adresse IP {ip} m'attaque"],
    "credentials": ["git clone {credentials}/repo", "DATABASE_URL={credentials}/prod"],
}

# What the patterns are not made for: it shows where they end.
BEYOND = {
    "spelt_phone": ["my number is {spelt_phone}"],
    "broken_email": ["write to {broken_email} please"],
    "mistyped_card": ["my card {mistyped_card} fails"],
    "bare_ssn": ["form 8, line 2: {bare_ssn}"],
    "defanged_ip": ["blocked {defanged_ip} today"],
    "national_phone": ["Ruf an: {national_phone}"],
}

NEGATIVES = {
    "tuned": [
        "Upgrade from version 10.2.3.4 to v11.0.0.1 tomorrow.",
        "The order number 4539578763621486 was shipped. It is not a card.",
        "Explain std::vector<int> and Foo::bar() in C++.",
        "Il y a 12 places dans la salle et 3 cours par jour.",
        "In 2019 Baker Street was closed for works.",
        "It is a 3 hour drive on a 4 lane road.",
        "Pi is 3.14159265358979323846 and e is 2.718281828459045.",
        "La Révolution de 1789 et celle de 1848, puis 1870-1871.",
        "Meet me @ 5 or ping @alice on the forum.",
        "The ISBN is 978-2-07-036822-8.",
        "Le SIRET 732 829 320 00074 est celui d'une société.",
        "2 + 2 = 4, 12 x 12 = 144, 1000000 / 3 = 333333.33",
        "The match ended 3-2 after 120 minutes on 12/05/2024.",
        "On 2024-05-12T10:32:45 the log said 404.",
        "The population is 67 750 000, up from 66 524 339.",
        "Call the function foo(0123456789) with this argument.",
        "I live 10 minutes drive from here, 20 min drive from home.",
        "Ma rue préférée : la place de la République en 1848, la rue de Rivoli en 1900.",
    ],
    "held_out": [
        "The Supreme Court heard 5 cases; 9 Justices sat.",
        "Flight AF1234 leaves at 06:15 from gate K42.",
        "Route 66 is a road of 3,940 km; 66 Route signs were stolen.",
        "Chapter 4.2.1.7 explains section 10.0.0.2 of the norm.",
        "The tracking code 1Z 999 AA1 01 2345 6784 never moved.",
        "Add 250 g flour, 125 ml milk, bake at 180 for 35 minutes.",
        "La loi n° 2016-1321 du 7 octobre 2016, article L. 312-1-1.",
        "Serial number 06 12 34 56 78 9 0 is engraved on the frame.",
        "Roman numerals: MCMXCIV is 1994; DCLXVI is 666.",
        "Bitcoin fell from 67,123.45 to 61,987.10 in 24 h.",
        "SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "UUID 123e4567-e89b-12d3-a456-426614174000 must be unique.",
        "The coordinates are 48.858370, 2.294481 and 51.500729, -0.124625.",
        "MAC 00:1a:2b:3c:4d:5e connects to 192.168.1.12 and 127.0.0.1.",
        "Il a mangé 12 quiches, 4 allées et venues, 3 impasses diplomatiques.",
        "The 10 Best Places to visit: 1 Paris, 2 Rome, 3 Lima.",
        "Top 5 Avenue Q songs and 7 Park Rangers",
        "Compute 4111111111111112 mod 97 for me.",
        "Solve 12345678 + 87654321 and 123456789012345678.",
        "See doi 10.1000/182 and arXiv 2602.06669 or PMID 31452104.",
        "From 1914-1918 and 1939-1945, 60 000 000 died.",
        "Dans la vidéo à 01:23:45, le score est 21-19, 18-21, 15-13.",
        "A phone has 8 GB, 256 GB and 120 Hz at 1080x2400.",
        "Use ratio 16:9, f/1.8, ISO 100-6400, 1/8000 s.",
    ],
}
