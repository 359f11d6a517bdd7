"""Other libraries' coefficients; they are loaded where a test asks for them, since that takes seconds."""

from typing import Any


def cohen(one: Any, other: Any, **options: Any) -> float:
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(one, other, **options))


def fleiss(ratings: Any, categories: int) -> float:
    """Units × raters without gaps."""
    from statsmodels.stats import inter_rater

    return float(inter_rater.fleiss_kappa(inter_rater.aggregate_raters(ratings, n_cat=categories)[0]))
