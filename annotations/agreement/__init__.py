"""How far annotators agree: pure mathematics on numpy arrays, without Django and without the database.

`tables` holds what was said, `chance` the coefficients, `bootstrap` their values and intervals, `pairs` who
agrees with whom, `drift` how that changes, `dawid_skene` a second opinion on what is true.
"""
