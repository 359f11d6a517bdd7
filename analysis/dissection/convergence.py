"""Whether chains agree, and how many independent draws theirs are worth."""

import numpy as np

from analysis.dissection.degrees import Floats


def split_r_hat(draws: Floats) -> Floats:
    """R̂ of chains cut in halves (Gelman et al., Bayesian Data Analysis, 3rd ed., § 11.4).

    `draws` is … × chains × draws. Near 1 where all halves tell the same; well above it the chains
    should be longer. NaN where nothing varies.
    """
    half = draws.shape[-1] // 2
    parts = np.concatenate([draws[..., :half], draws[..., half : 2 * half]], axis=-2)
    within = parts.var(axis=-1, ddof=1).mean(axis=-1)
    between = parts.mean(axis=-1).var(axis=-1, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt((half - 1) / half + between / within))


def effective_draws(draws: Floats) -> Floats:
    """Effective sample size (ibid. § 11.5; sums of pairs of autocorrelations as Geyer 1992 ends them)."""
    chains, length = draws.shape[-2:]
    covariance = _autocovariances(draws).mean(axis=-2) * length / (length - 1)
    within = covariance[..., :1]
    means = draws.mean(axis=-1).var(axis=-1, ddof=1)[..., None] if chains > 1 else 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = 1 - (within - covariance) / (within * (length - 1) / length + means)
    even = length // 2 * 2
    pairs = rho[..., 0:even:2] + rho[..., 1:even:2]
    is_kept = np.logical_and.accumulate(pairs > 0, axis=-1)
    falling = np.minimum.accumulate(np.where(is_kept, pairs, 0), axis=-1)
    time = np.maximum(2 * falling.sum(axis=-1) - 1, 1 / np.log10(chains * length))
    return np.where(np.isnan(rho[..., 0]), np.nan, chains * length / time)


def _autocovariances(draws: Floats) -> Floats:
    length = draws.shape[-1]
    centred = draws - draws.mean(axis=-1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * length)
    return np.asarray(np.fft.irfft(np.abs(spectrum) ** 2, 2 * length)[..., :length] / length)
