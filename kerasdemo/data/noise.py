"""The Gaussian noise of `data.noise`."""

import numpy as np

from kerasdemo.config import RunConfig
from kerasdemo.data.dataset import PARTS, Array


def add_noise(config: RunConfig, part: str, x: Array) -> Array:
    """Return the examples (n, *shape) of a part with the noise that the config's seed draws."""
    sd = getattr(config.data.noise, part)
    if not sd:
        return x
    rng = np.random.default_rng([config.seed, PARTS.index(part)])
    noise = rng.standard_normal(x.shape, dtype=np.float32)
    with np.errstate(over="ignore"):  # such noise makes the run diverge, which it reports
        noisy: Array = x + np.float32(sd) * noise
    return noisy
