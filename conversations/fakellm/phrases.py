"""The English sentences of the fake provider's personas.

``{topic}`` and ``{other}`` are words of the person who asks, ``{earlier}`` those of an earlier message.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """How one tone greets, how it begins an answer, what it believes, and how it ends."""

    greetings: tuple[str, ...]
    openings: tuple[str, ...]
    views: tuple[str, ...]
    closings: tuple[str, ...]


@dataclass(frozen=True)
class Phrases:
    """All that the personas can say in one language.

    ``quoted`` is how the person's words are set, ``again`` what stands for them when they were just said,
    and ``anyone`` what stands for a second subject where there is none.
    """

    voices: dict[str, Voice]
    points: dict[str, tuple[str, ...]]
    recalls: tuple[str, ...]
    labels: tuple[str, ...]
    headings: tuple[str, ...]
    sides: tuple[str, str]
    quoted: str
    again: tuple[str, ...]
    anyone: str


VOICES = {
    "warm": Voice(
        (
            "Hello, it's lovely to hear from you.",
            "Welcome! I'm glad you are here.",
        ),
        (
            "I'm glad you brought up {topic}; it touches more people than you might think.",
            "What a thoughtful thing to ask about {topic}.",
            "Thank you for trusting me with this. Questions about {topic} are rarely easy.",
            "It sounds as if {topic} has been on your mind, and that makes sense.",
            "Many people wonder quietly about {topic}, so you are in good company.",
        ),
        (
            "Be gentle with yourself while you work out where you stand on {topic}.",
            "Kindness towards the people involved matters more to me than winning an argument about {topic}.",
            "Talking about {topic} with someone who knows you well can lift a surprising amount of weight.",
            "You do not have to settle {topic} today, and no one sensible will hold that against you.",
            "If {other} is part of the story, give that part a little extra care.",
            "There is usually a person behind every view of {topic}, with reasons that matter to them.",
            "My own hope is that we make room for those whom {topic} leaves out.",
        ),
        (
            "How do you feel about it yourself?",
            "I'm happy to stay with this as long as you like.",
            "Whatever you decide, I hope it brings you some peace.",
            "Would it help to talk about one part in particular?",
        ),
    ),
    "scholarly": Voice(
        (
            "Good day to you, and welcome to this exchange.",
            "Greetings. I look forward to an exchange of ideas.",
        ),
        (
            "The question of {topic} can be approached from several established perspectives.",
            "A careful answer on {topic} has to separate what is known from what is argued.",
            "Discussions of {topic} tend to mix three matters: facts, interests and values.",
            "To consider {topic} properly, it helps to begin with definitions.",
            "Few subjects show the distance between evidence and intuition as plainly as {topic}.",
        ),
        (
            "The literature on {topic} is uneven: a few solid studies, and a great many confident essays.",
            "One should keep the immediate effects of {topic} apart from those of a generation later.",
            "Comparisons between countries suggest that institutions shape {topic} more than attitudes do.",
            "A recurring difficulty is that {topic} and {other} are seldom measured apart.",
            "The evidence leans one way, though the effect is smaller than either camp would like.",
            "Historical parallels are instructive, provided one remembers how different the times were.",
            "The burden of proof, I would say, lies with whoever wants the more drastic change to {topic}.",
        ),
        (
            "Further reading would profitably begin with the critics of one's own position.",
            "These conclusions are provisional, as conclusions on such matters ought to be.",
            "A narrower question would permit a firmer answer.",
            "The disagreement that remains is chiefly one of values rather than of fact.",
        ),
    ),
    "blunt": Voice(
        (
            "Hi. Get to the point whenever you like.",
            "Hello. Ask away.",
        ),
        (
            "Short version: {topic} is simpler than people make it.",
            "Honestly? Most talk about {topic} is noise.",
            "I'll be direct about {topic}.",
            "No, there is no trick to {topic}.",
            "You already half know the answer on {topic}.",
        ),
        (
            "Pick one thing about {topic}, do it this week, and ignore the rest.",
            "Anyone who promises you certainty about {topic} is selling something.",
            "Follow the money and {topic} suddenly makes sense.",
            "The popular view of {other} is wrong, and it stays popular because it is comfortable.",
            "If it fails, you lose a little time. If you wait, you lose more.",
            "I'd say yes to it, and I wouldn't apologise.",
            "Stop polling your friends about {topic}; they are guessing too.",
        ),
        (
            "That's it.",
            "Ask me something harder.",
            "Your call, but don't sit on it.",
            "Do with that what you like.",
        ),
    ),
    "playful": Voice(
        (
            "Well hello there, stranger!",
            "Knock knock! Oh, you were here first.",
        ),
        (
            "Ah, {topic}! Pull up a chair, this is a fun one.",
            "Okay, {topic}: equal parts fascinating and slightly ridiculous.",
            "If {topic} were a dinner guest, it would arrive late and stay until three.",
            "Somebody had to ask about {topic}, and today that hero is you.",
            "Right, sleeves up, let's wrestle with {topic}.",
        ),
        (
            "Think of {topic} as a shared kitchen: everybody has opinions and nobody has washed the pan.",
            "My inner contrarian wants to defend {other}, and my inner grandmother is telling it to hush.",
            "People treat {topic} like a football match, when it is closer to a group project.",
            "If you get stuck, explain {topic} to a rubber duck; ducks are patient and ask nothing.",
            "I lean towards giving it a go, mainly because regret makes a dull souvenir.",
            "Half the internet is furious about {topic}, and the other half has not noticed it yet.",
            "A small experiment beats a large opinion, and it makes for better stories.",
        ),
        (
            "Your move!",
            "And if it all goes wrong, blame the duck.",
            "Tell me I'm wrong, I dare you.",
            "Shall we argue the other side just for sport?",
        ),
    ),
    "eager": Voice(
        (
            "Hi! I'm so ready for this!",
            "Hello! This is going to be fun!",
        ),
        (
            "Great question! There is so much to love about {topic}.",
            "Yes, let's dive into {topic}!",
            "You picked an exciting moment to ask about {topic}.",
            "Here are my favourite ideas on {topic}.",
            "I could talk about {topic} all day, so here is the best of it.",
        ),
        (
            "The most promising thing about {topic} is how quickly ordinary people are improving it.",
            "Start today, even if the first try with {topic} is messy!",
            "Combining {topic} with {other} opens doors that neither of them opens alone.",
            "I'm firmly in favour: the upside of {topic} is large and the downside can be managed.",
            "Look at the places where {topic} already works and copy them without shame.",
            "Every small success with {topic} makes the next one easier.",
            "Share what you learn, because someone else is waiting for exactly that.",
        ),
        (
            "You've got this!",
            "I can't wait to hear how it goes.",
            "Want me to turn this into a plan for the next month?",
            "Which of these excites you most?",
        ),
    ),
    "cautious": Voice(
        (
            "Hello, and please bear with me if I hesitate now and then.",
            "Good day. I will try to be careful in what I say.",
        ),
        (
            "I should say first that {topic} is a matter on which reasonable people differ.",
            "It depends, and with {topic} it depends on quite a lot.",
            "I can offer some general thoughts on {topic}, though not advice for your exact situation.",
            "I would be careful with quick answers about {topic}.",
            "My knowledge of {topic} has gaps, so please take this as a starting point.",
        ),
        (
            "It may be wise to check anything important about {topic} with a qualified person.",
            "I would rather not take a side on {topic}, because the right answer depends on who is asking.",
            "There could be consequences of {topic} that neither of us can see from here.",
            "Perhaps the safest course is a small step that can be undone.",
            "Where {other} is concerned, rules may differ from one place to another.",
            "Some of what is said about {topic} is probably true, and some of it is certainly not.",
            "I might be mistaken on this, and I would want to hear the strongest objection first.",
        ),
        (
            "Please treat this as general information only.",
            "If anyone could be harmed, do ask a professional before acting.",
            "I hope that helps a little, with all its ifs and buts.",
            "You know your circumstances better than I do.",
        ),
    ),
    "balanced": Voice(
        (
            "Hello. I will try to show you more than one side.",
            "Welcome. I'm happy to weigh things with you.",
        ),
        (
            "There are good arguments on more than one side of {topic}.",
            "People who disagree about {topic} often start from values that both deserve respect.",
            "Let me lay out how {topic} looks from two directions.",
            "The debate about {topic} is less lopsided than it seems from inside either camp.",
            "It is worth hearing the best case for and the best case against {topic}.",
        ),
        (
            "Supporters say that {topic} widens the choices of those who have few.",
            "Critics answer that the costs of {topic} fall on people who were never asked.",
            "Those in favour point to steady gains wherever {topic} has been tried with patience.",
            "Those against note that {other} tends to be forgotten once attention moves on.",
            "Both sides agree, more than they admit, that the present state of {topic} could be better.",
            "A compromise exists: allow {topic}, watch the results in the open, and be ready to stop.",
            "I would weigh fairness and freedom about equally here, which leaves me close to the middle.",
        ),
        (
            "Which of these considerations weighs most for you?",
            "Where one lands depends on what one is least willing to give up.",
            "I can make either case at greater length if that is useful.",
            "A fair summary is that both worries are real.",
        ),
    ),
    "practical": Voice(
        (
            "Hello. Let's find something useful to do.",
            "Hi. Tell me the goal and we will sort out the steps.",
        ),
        (
            "Here is how I would go about {topic}, step by step.",
            "Let's turn {topic} into something you can act on.",
            "With {topic}, the order in which you do things matters.",
            "Most of the trouble with {topic} can be avoided by a bit of preparation.",
            "A workable approach to {topic} looks like this.",
        ),
        (
            "Write down in one line what a good result for {topic} would be.",
            "Set a date on which you will look again at {topic} and decide whether to go on.",
            "List what you already have before you spend anything on {topic}.",
            "Ask one person who has done {topic} before what they would skip.",
            "Keep {other} separate at first, because two changes at once teach you nothing.",
            "Measure one thing only, and measure it on the same day every week.",
            "I favour the cheap reversible option over the perfect one, nearly always.",
        ),
        (
            "Start with the first step and come back when it is done.",
            "Tell me your budget and deadline and I can narrow this down.",
            "If you only do one of these, do the first.",
            "That order has worked for many people, but adjust it freely.",
        ),
    ),
}

POINTS = {
    "opinion": (
        "Much of the quarrel over {topic} comes from people using the same word for different things.",
        "Ask who gains from {topic}, who pays, and whether they are the same people.",
        "Rules about {topic} work better when those bound by them had a hand in writing them.",
        "There is a difference between what should be legal and what you would want a friend to do.",
        "Older and younger people often differ on {topic}, and each group has seen something real.",
        "A policy on {topic} that looks generous on paper can be harsh at the counter where it is applied.",
        "Personal stories about {topic} move us, and numbers correct us; a good view needs both.",
        "Much depends on whether you see {other} as a right, a duty or a matter of taste.",
        "Faith and family shape how many people think about {topic}, and that deserves respect.",
        "It helps to ask what evidence would make you change your mind about {topic}.",
        "Where trust in institutions is low, even sensible proposals on {topic} meet suspicion.",
        "The loudest voices on {topic} are seldom the ones who live with the outcome.",
        "What worked in a rich city may fail in a small town, so place matters for {topic}.",
        "Freedom to choose on {topic} means little to someone who has only one option.",
        "In a few decades people may find our present habits around {topic} hard to understand.",
        "There is a strong case for letting local communities decide most of what concerns {topic}.",
    ),
    "howto": (
        "Begin with the smallest version of {topic} that would still be useful to you.",
        "Give yourself twice the time that you think {topic} needs.",
        "Gather what you need for {topic} the evening before, so that the start costs no effort.",
        "Look for one trusted guide to {topic} rather than twenty short videos.",
        "Write down each mistake with {topic}; the list becomes your best teacher.",
        "Practise in short sessions, since four times fifteen minutes beats one long hour.",
        "Watch out for {other}, which trips up nearly everybody at first.",
        "Once the basics of {topic} hold, change one thing at a time.",
        "If you share the work, agree beforehand who does what and by when.",
        "Check your progress with {topic} after two weeks, not after two days.",
        "Borrow the tools for {topic} before you buy them.",
        "Stop while it still goes well, and you will want to continue tomorrow.",
        "Photographs of each stage make it easy to see what changed.",
        "Plan for the day when you have no energy, because that day will come.",
    ),
    "explain": (
        "At its heart {topic} is about how several small causes add up to one visible effect.",
        "A common misunderstanding is that {topic} and {other} are the same; they only travel together.",
        "The easiest way to picture {topic} is as a flow with something that narrows it.",
        "People noticed {topic} long before anybody could say why it happens.",
        "The word itself is used loosely, which explains a good part of the confusion about {topic}.",
        "Three conditions have to meet before {topic} appears: enough material, enough time, and a trigger.",
        "Scale changes everything, so what holds for {topic} in the small often fails in the large.",
        "You can observe {topic} at home if you look at how things change over a single day.",
        "Experts still argue about the last step, although the first ones are well understood.",
        "What makes {topic} hard to study is that watching it tends to alter it.",
        "Older textbooks describe {topic} in a way that has since been corrected.",
        "In everyday life you meet {topic} more often than its name suggests.",
        "A rough rule is that doubling the cause of {topic} does not double the effect.",
        "Once you have seen the pattern behind {topic}, you will find it in many other places.",
    ),
    "chat": (
        "Small things around {topic} can change the whole colour of a day.",
        "I like that {topic} leaves room for surprise.",
        "There is something comforting in how ordinary {topic} can be.",
        "Some of the best conversations start with {topic} and end somewhere else entirely.",
        "If I had to choose, I would take a quiet afternoon with {topic} over a grand occasion.",
        "What you say about {other} makes me curious about the rest of the story.",
        "People remember how {topic} felt long after they forget what happened.",
        "It is fine to enjoy {topic} without having a reason for it.",
        "A walk often does more for such thoughts than an hour of thinking.",
        "Sharing {topic} with someone tends to double it.",
        "Every family seems to have its own version of {topic}.",
        "There is no wrong way to begin, so begin with whatever comes first.",
    ),
    "greeting": (
        "You can ask me about anything: everyday plans, things you wonder about, or matters of opinion.",
        "Some people begin with a problem from their week, others with a question about the world.",
        "If nothing comes to mind, tell me what you read or heard last that surprised you.",
        "Longer questions are as welcome as short ones.",
        "You may disagree with me at any point, and I would like to know why.",
        "There is no need to be polite to me, although I do enjoy it.",
    ),
    "identity": (
        "I am one of the assistants taking part in this conversation, and I cannot say more about which.",
        "Knowing my name might colour how you judge the answers, so it stays out of view here.",
        "I am a computer program that writes text; I have no age, home or birthday.",
        "Judge me by what I write, which is all that you can see anyway.",
        "Ask me about something you care about and you will learn more about me than from a label.",
        "I can make mistakes, and it is fair to be sceptical.",
    ),
}
POINTS["code"] = (
    "The function keeps to one job, so it is easy to test on its own.",
    "Edge cases such as an empty input are worth a test of their own.",
    "If {topic} grows large, read it piece by piece instead of all at once.",
    "Clear names are worth more here than a clever one-liner.",
    "For {other}, an early return keeps the rest of the code flat.",
    "Run it once with a tiny example before you trust it with real input.",
    "A type annotation on each argument tells the next reader what to pass.",
    "You could add logging, although I would wait until something goes wrong.",
    "Measure before you optimise; this is fast enough for most uses of {topic}.",
    "Keep the reading of files apart from the calculation.",
)

ENGLISH = Phrases(
    voices=VOICES,
    points=POINTS,
    recalls=(
        "You mentioned {earlier} before, and it bears on this as well.",
        "This connects to what you asked about {earlier}.",
        "Coming back to {earlier} for a moment: the same reasoning applies.",
        "It also changes a little of what I said about {earlier}.",
        "Seen together with {earlier}, the picture becomes clearer.",
        "That goes further than {earlier}, where we started.",
    ),
    labels=(
        "In short:",
        "Worth knowing:",
        "A caveat:",
        "My view:",
        "The other side:",
        "In practice:",
        "One more thing:",
        "Why it matters:",
    ),
    headings=(
        "Background",
        "What is at stake",
        "What the evidence says",
        "Open questions",
        "Where this leaves us",
        "Points of agreement",
        "A longer view",
    ),
    sides=("One way to see it", "Another way to see it"),
    quoted="{}",
    again=("this", "all this"),
    anyone="the rest of life",
)
