"""Array types and seeded draws shared by the generator: the only place that knows how chance is made repeatable."""

from zlib import crc32

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Later than any month index or day number of a plan: "this never happens".
NEVER = 1_000_000


def stream(seed: int, block: int, purpose: str) -> np.random.Generator:
    """Return the random stream of one block of companies for one purpose.

    Each purpose has its own stream, so that one more draw about debts moves nothing about headcounts, and each block
    has its own, so that a block can be generated alone. PCG64 is named because NumPy may change its default.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(block, crc32(purpose.encode("ascii"))))
    return np.random.Generator(np.random.PCG64(sequence))


def pick_share(rng: np.random.Generator, candidates: IntArray, share: float) -> IntArray:
    """Draw that share of the candidates, one at least when there is any: small demos show every rare case too."""
    wanted = min(len(candidates), max(1, round(share * len(candidates))))
    return np.sort(rng.permutation(candidates)[:wanted])


def mask_of(indices: IntArray, size: int) -> BoolArray:
    """Return the boolean array of that size that is true at these indices."""
    mask = np.zeros(size, dtype=np.bool_)
    mask[indices] = True
    return mask


def logistic(values: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-x)): a share between 0 and 1."""
    return np.asarray(1.0 / (1.0 + np.exp(-values)), dtype=np.float64)


def in_window(rng: np.random.Generator, low: float, high: float, size: int) -> IntArray:
    """Draw whole numbers between two bounds, both included."""
    return rng.integers(int(low), int(high) + 1, size=size, dtype=np.int64)
