"""What bots write: opening messages of each kind, replies, and free texts, put together from parts."""

import random
from dataclasses import dataclass

Dice = random.Random


@dataclass(frozen=True)
class Language:
    """Frames with a gap and what fits into it; `openings` by the key of a conversation type."""

    openings: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    replies: tuple[tuple[str, ...], tuple[str, ...]]
    descriptions: tuple[tuple[str, ...], tuple[str, ...]]
    instructions: tuple[tuple[str, ...], tuple[str, ...]]
    feedback: tuple[tuple[str, ...], tuple[str, ...]]
    short: tuple[str, ...]


ANYTHING = (
    (
        "How do I get started with {}?",
        "Explain {} to me as if I were twelve.",
        "What do most people get wrong about {}?",
        "I have one hour a week for {}. How should I use it?",
        "Tell me something surprising about {}.",
        "Give me three ideas for {} on a small budget.",
        "What would you recommend to somebody who is new to {}?",
        "Why do some people find {} so hard?",
    ),
    (
        "baking bread",
        "learning the guitar",
        "growing tomatoes on a balcony",
        "planning a week in Portugal",
        "writing a cover letter",
        "sleeping better",
        "repairing a bicycle",
        "reading more books",
        "learning Spanish",
        "training for a first 10 km run",
        "taking photos with a phone",
        "keeping houseplants alive",
    ),
)
VALUES = (
    (
        "How much should {} matter in a good life?",
        "I feel torn about {}. How can I think it through?",
        "What do different traditions say about {}?",
        "My family and I see {} differently. What could I say to them?",
        "Is it old-fashioned to care about {}?",
        "What would you tell a young person about {}?",
        "Can you help me put into words why {} is important to me?",
        "Where is the line between caring about {} and forcing it on others?",
    ),
    (
        "religious faith",
        "looking after ageing parents",
        "honesty at work",
        "raising children with two cultures",
        "forgiveness",
        "equality at home",
        "loyalty to friends",
        "working fewer hours",
        "helping strangers",
        "respect for elders",
        "personal freedom",
        "a simple life",
    ),
)
CONTROVERSY = (
    (
        "What do you think about {}?",
        "Should the government do more about {}?",
        "I think people worry too much about {}. Do you agree?",
        "Give me the strongest argument on each side of {}.",
        "Why does everybody around me argue about {}?",
        "Is there any fair compromise on {}?",
        "Somebody at work got angry with me about {}. Who is right?",
        "What would change your mind about {}?",
    ),
    (
        "immigration",
        "abortion",
        "assisted dying",
        "gun control",
        "a tax on meat",
        "nuclear power",
        "strikes by nurses and doctors",
        "religious symbols in schools",
        "the death penalty",
        "a universal basic income",
        "transgender athletes in sport",
        "banning cars from city centres",
    ),
)
ENGLISH = Language(
    openings={"values guided": VALUES, "controversy guided": CONTROVERSY, "": ANYTHING},
    replies=(
        ("{}", "Thanks. {}", "Hm, I see. {}", "Interesting.\n\n{}", "Not quite what I meant. {}"),
        (
            "Could you make that shorter?",
            "Can you give me an example?",
            "I am not convinced. What speaks against it?",
            "How would I begin tomorrow?",
            "That is rather general. What would you do in my place?",
            "What would somebody who disagrees with you say?",
            "And what if I only have half the time?",
            "Where could I read more about this?",
            "Does this also hold for older people?",
            "Please explain the last part again.",
            "What is the most important point?",
            "How sure are you about that?",
        ),
    ),
    descriptions=(
        (
            "I care most about {}. I try to hear both sides before I decide.",
            "My parents taught me {}, and I still live by it.",
            "What matters to me is {}. I do not like it when people pretend.",
            "I would say that {} guides most of my choices, more than money does.",
        ),
        (
            "being fair",
            "my family and my faith",
            "honesty",
            "kindness to people who have less",
            "leaving others free to choose",
            "hard work",
            "the environment we leave behind",
            "learning something new each day",
        ),
    ),
    instructions=(
        (
            "Please {}. If you are not sure, say so.",
            "You should {}, and never pretend to be a person.",
            "I would like you to {}. Be polite, but do not flatter me.",
            "Always {}. Do not tell me what to believe.",
        ),
        (
            "answer briefly and in plain words",
            "name your sources",
            "show me more than one point of view",
            "ask me first when my question is unclear",
            "use lists where they help",
            "respect my religion and my culture",
            "correct me when I am wrong",
            "give practical steps",
        ),
    ),
    feedback=(
        (
            "The answers were {}. I chose the one that answered what I had asked.",
            "On the whole {}, although one of them was much too long.",
            "I found them {} and would have liked more detail in places.",
            "They seemed {} to me. The best one gave reasons, the others mostly opinions.",
        ),
        (
            "clear and useful",
            "polite but rather general",
            "surprisingly balanced",
            "quite similar to each other",
            "very different in length",
            "helpful for a start",
            "a little cold",
            "better than I expected",
        ),
    ),
    short=(
        "Something of my own",
        "It depends",
        "A mixture of several",
        "Naming my plants",
        "Hard to put in a word",
    ),
)
FRENCH = Language(
    openings={
        "": (
            (
                "Que penses-tu de {} ?",
                "Explique-moi {} simplement.",
                "Pourquoi les gens se disputent-ils au sujet de {} ?",
                "Par où commencer quand on s'intéresse à {} ?",
                "Donne-moi trois idées sur {}.",
                "Mes amis ne sont pas d'accord sur {}. Qui a raison ?",
            ),
            (
                "la cuisine sans viande",
                "l'éducation bilingue",
                "la voiture en ville",
                "la semaine de quatre jours",
                "la laïcité à l'école",
                "la vie à la campagne",
                "l'énergie nucléaire",
                "la course à pied",
                "la fidélité en amitié",
                "la retraite à soixante ans",
            ),
        )
    },
    replies=(
        ("{}", "Merci. {}", "Je vois. {}"),
        (
            "Peux-tu donner un exemple ?",
            "Peux-tu faire plus court ?",
            "Que répondrait quelqu'un qui n'est pas d'accord ?",
            "Par quoi commencer demain ?",
            "Es-tu sûr de ce dernier point ?",
        ),
    ),
    descriptions=(
        ("Ce qui compte pour moi, c'est {}.", "On m'a appris {}, et j'y tiens encore."),
        ("l'honnêteté", "la famille", "le respect des autres", "la liberté de choisir"),
    ),
    instructions=(
        ("Merci de {}. Si tu n'es pas sûr, dis-le.", "Il faut toujours {}, sans me flatter."),
        ("répondre brièvement", "citer tes sources", "montrer plusieurs points de vue", "parler simplement"),
    ),
    feedback=(
        ("Les réponses étaient {}. J'ai choisi la plus précise.", "Dans l'ensemble, je les ai trouvées {}."),
        ("claires et utiles", "un peu générales", "équilibrées", "très différentes en longueur"),
    ),
    short=("Autre chose", "Cela dépend", "Un peu de tout"),
)
LANGUAGES = {"en": ENGLISH, "fr": FRENCH}


def language(code: str) -> Language:
    """The words for a page in this language; English where we have none."""
    return LANGUAGES.get(code.partition("-")[0].lower(), ENGLISH)


def openings(code: str, kind: str) -> list[str]:
    """All the first messages there are for a type of conversation."""
    bank = language(code).openings
    frames, gaps = bank.get(kind) or bank[""]
    return [frame.format(gap) for frame in frames for gap in gaps]


def compose(parts: tuple[tuple[str, ...], tuple[str, ...]], dice: Dice) -> str:
    frames, gaps = parts
    return dice.choice(frames).format(dice.choice(gaps))
