"""Words that say nothing about what a message is about."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = _words(
    """
    a about above actually after again all almost also always am an and another any anyone anything are
    as ask asked at away be because been before being believe best better between both but by can cannot
    come could day describe did different discuss do does doing done down each either else enough even
    ever every everyone explain feel few find first for from get give go going good got great had has
    have having he hello help her here hey hi him his how i i'd i'll i'm i've if in into is isn't it
    it's its just keep kind know last less let let's like list look lot made make many may maybe me mean
    might mind more most much must my need never new nice no not nothing now of off often ok okay on one only
    opinion or other our out over own people please question quite rather really right said same say see
    she should show since so some someone something sometimes sort still such sure take talk tell than
    thank thanks that that's the their them then there these they thing things think this those though
    time to today together too topic try two under understand until up us use used very view want was
    way we well were what what's when where whether which while who whom whose why will wish with
    without wonder would write wrong yes yet you you're your yourself
    """
)
FRENCH = _words(
    """
    a à ai aider ainsi alors apprendre après as au aucun aussi autre autres aux avant avec avez avoir beaucoup
    bien bonjour c'est ce cela ces cet cette chose comme comment contre d'accord dans de depuis des deux
    dire dis dites dois doit donc du elle elles en encore entre es est-ce est et été être eux explique
    expliquer expliquez faire fait faut fois font il ils j'ai je jusque l'on la le les leur leurs lui ma
    mais me même merci mes moi moins mon monde ne ni non nos notre nous on ont ou où oui par parce
    parler pas pendant penses pensez peu peut peux plus plutôt point pour pourquoi pourrait pouvez
    pouvoir qu'est-ce qu'il qu'on quand que quel quelle quelles quels qui quoi rien sa sans se selon
    sera ses si son sont sous suis sur ta te tes toi ton toujours tous tout toute toutes très trop tu un
    une va vais veux vos votre voudrais vous y
    """
)
VERBS = _words(
    """
    agree allow avoid ban become becomes begin build buy change choose compare convince cook count
    create deal decide disagree eat explaining feeling give grow handle happen happens improve increase learn
    live looking making move pay play prepare raise read recommend reduce run save sell sleep speak
    spend start stay stop stand struggle suggest teach thinking travel trying using walk watch work
    worry worried
    """
)
