"""The French sentences of the fake provider's personas: fewer, with the same roles as the English ones."""

from conversations.fakellm.phrases import Phrases, Voice

VOICES = {
    "warm": Voice(
        ("Bonjour, c'est un plaisir de vous lire.",),
        (
            "Merci de me confier cette question sur {topic}.",
            "Je comprends que {topic} vous tienne à cœur.",
        ),
        (
            "Prenez le temps qu'il vous faut, rien ne presse.",
            "Derrière chaque avis sur {topic}, il y a quelqu'un et une histoire.",
            "Parler de {topic} avec un proche peut vraiment alléger les choses.",
        ),
        ("Et vous, qu'en pensez-vous ?", "Je reste là si vous voulez continuer."),
    ),
    "scholarly": Voice(
        ("Bonjour, et bienvenue dans cet échange.",),
        (
            "La question touchant à {topic} se prête à plusieurs lectures.",
            "Pour bien traiter de {topic}, il convient de définir les termes.",
        ),
        (
            "Les travaux sérieux sur {topic} restent moins nombreux qu'on ne le croit.",
            "Il faut distinguer les effets immédiats de ceux qui apparaissent en une génération.",
            "Les comparaisons entre pays invitent à la prudence.",
        ),
        (
            "Ces conclusions demeurent provisoires.",
            "Une question plus précise permettrait une réponse plus ferme.",
        ),
    ),
    "blunt": Voice(
        ("Bonjour. Allez droit au but.",),
        (
            "Pour faire court : {topic}, c'est plus simple qu'on ne le dit.",
            "Je serai franc au sujet de {topic}.",
        ),
        (
            "Choisissez une seule chose, faites-la cette semaine, oubliez le reste.",
            "Celui qui vous promet une certitude a quelque chose à vendre.",
            "Attendre vous coûtera davantage que vous tromper.",
        ),
        ("Voilà tout.", "À vous de voir."),
    ),
    "playful": Voice(
        ("Tiens, bonjour ! Qui voilà ?",),
        ("Ah, {topic} ! Asseyez-vous, on va s'amuser.", "Il fallait bien que quelqu'un parle de {topic} !"),
        (
            "C'est un peu comme une cuisine partagée : chacun a un avis et personne n'a lavé la poêle.",
            "Une petite expérience vaut mieux qu'une grande opinion.",
            "La moitié du monde s'en fâche, l'autre n'a rien remarqué.",
        ),
        ("À vous de jouer !", "Dites-moi que j'ai tort, pour voir."),
    ),
    "eager": Voice(
        ("Bonjour ! J'ai hâte de commencer !",),
        ("Excellente question, j'adore parler de {topic} !", "Allons-y, {topic} mérite qu'on s'y plonge !"),
        (
            "Lancez-vous dès aujourd'hui, même si le premier essai est maladroit !",
            "Chaque petit succès rend le suivant plus facile.",
            "Je suis franchement pour : il y a beaucoup à gagner.",
        ),
        ("Vous allez y arriver !", "Laquelle de ces idées vous tente le plus ?"),
    ),
    "cautious": Voice(
        ("Bonjour, pardonnez-moi si j'hésite parfois.",),
        (
            "Je resterais prudent au sujet de {topic}.",
            "Cela dépend, et avec {topic} cela dépend de beaucoup de choses.",
        ),
        (
            "Il vaut sans doute mieux vérifier auprès d'une personne compétente.",
            "Je préfère ne pas trancher, car la bonne réponse change selon la situation.",
            "Je peux me tromper, et j'aimerais entendre la meilleure objection.",
        ),
        ("Prenez ceci comme une information générale.", "Vous connaissez votre situation mieux que moi."),
    ),
    "balanced": Voice(
        ("Bonjour. Je tâcherai de montrer plus d'un côté.",),
        ("Il existe de bons arguments des deux côtés sur {topic}.", "Voyons {topic} sous deux angles."),
        (
            "Ses partisans y voient davantage de choix pour ceux qui en ont peu.",
            "Ses critiques répondent que le prix en est payé par ceux qu'on n'a pas consultés.",
            "Un compromis serait possible : essayer au grand jour et savoir s'arrêter.",
        ),
        ("Qu'est-ce qui compte le plus pour vous ?", "Les deux inquiétudes sont réelles."),
    ),
    "practical": Voice(
        ("Bonjour. Dites-moi le but et nous trouverons les étapes.",),
        (
            "Voici comment j'aborderais {topic}, étape par étape.",
            "Faisons de {topic} quelque chose de concret.",
        ),
        (
            "Écrivez en une ligne ce que serait un bon résultat.",
            "Fixez une date pour faire le point et décider de la suite.",
            "Préférez une solution modeste et réversible à une solution parfaite.",
        ),
        ("Commencez par la première étape.", "Dites-moi votre budget et je préciserai."),
    ),
}

POINTS = {
    "opinion": (
        "Une bonne part de la querelle vient de ce que chacun donne un autre sens aux mots.",
        "Demandez-vous qui y gagne, qui paie, et si ce sont les mêmes personnes.",
        "Les règles sur {topic} tiennent mieux lorsque ceux qui les suivent ont aidé à les écrire.",
        "Les jeunes et les anciens répondent souvent autrement, et chacun a vu quelque chose de vrai.",
        "Les récits nous touchent, les chiffres nous corrigent : il faut les deux.",
        "Ce qui réussit dans une grande ville peut échouer dans un village.",
        "Il est utile de savoir ce qui vous ferait changer d'avis sur {topic}.",
        "Tout dépend si l'on voit {other} comme un droit, un devoir ou une affaire de goût.",
        "Ceux qui parlent le plus fort ne sont pas toujours ceux qui vivent avec le résultat.",
        "La liberté de choisir compte peu pour qui n'a qu'une seule possibilité.",
    ),
    "howto": (
        "Commencez par la plus petite version de {topic} qui vous soit déjà utile.",
        "Accordez-vous deux fois plus de temps que prévu.",
        "Préparez tout la veille pour que le début ne coûte aucun effort.",
        "Notez chaque erreur : la liste deviendra votre meilleur professeur.",
        "Quatre séances d'un quart d'heure valent mieux qu'une longue heure.",
        "Empruntez les outils avant de les acheter.",
        "Méfiez-vous de {other}, qui piège presque tout le monde au début.",
        "Arrêtez-vous pendant que tout va bien, et vous aurez envie de reprendre demain.",
    ),
    "explain": (
        "Au fond, {topic} résulte de plusieurs petites causes qui s'additionnent.",
        "On confond souvent {topic} et {other}, alors qu'ils ne font que voyager ensemble.",
        "Le plus simple est d'imaginer un courant que quelque chose resserre.",
        "On avait remarqué {topic} bien avant de savoir l'expliquer.",
        "Le mot s'emploie de façon large, ce qui entretient la confusion.",
        "L'échelle change tout : ce qui vaut en petit échoue souvent en grand.",
        "Les spécialistes discutent encore de la dernière étape.",
        "Une fois le motif reconnu, on le retrouve partout.",
    ),
    "greeting": (
        "Vous pouvez m'interroger sur tout : la vie courante, ce qui vous intrigue ou vos opinions.",
        "Certains commencent par un souci de la semaine, d'autres par une question sur le monde.",
        "Les longues questions sont aussi bienvenues que les courtes.",
        "Vous pouvez me contredire à tout moment, et j'aimerais savoir pourquoi.",
    ),
    "identity": (
        "Je suis l'un des assistants de cette conversation, et je ne peux pas dire lequel.",
        "Connaître mon nom pourrait influencer votre jugement, il reste donc caché ici.",
        "Je suis un programme qui écrit du texte, sans âge ni maison.",
        "Jugez-moi sur ce que j'écris.",
    ),
}
POINTS["chat"] = POINTS["opinion"]
POINTS["code"] = (
    "La fonction ne fait qu'une chose, elle est donc facile à tester.",
    "Une entrée vide mérite un test à elle seule.",
    "Des noms clairs valent mieux ici qu'une ligne astucieuse.",
    "Essayez d'abord avec un tout petit exemple.",
    "Séparez la lecture des fichiers du calcul.",
)

FRENCH = Phrases(
    voices=VOICES,
    points=POINTS,
    recalls=(
        "Vous parliez de {earlier} tout à l'heure, et cela compte ici aussi.",
        "Cela rejoint votre question sur {earlier}.",
        "Vu avec {earlier}, le tableau devient plus clair.",
    ),
    labels=("En bref :", "À savoir :", "Une réserve :", "Mon avis :", "En pratique :", "Encore une chose :"),
    headings=("Contexte", "Ce qui est en jeu", "Ce que l'on sait", "Questions ouvertes", "Pour conclure"),
    sides=("Une façon de voir", "Une autre façon de voir"),
    quoted="« {} »",
    again=("ce sujet", "tout cela"),
    anyone="votre entourage",
)
