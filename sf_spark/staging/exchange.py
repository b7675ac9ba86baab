"""Arrays passed between tasks: sorted into parts, kept in memory or in a scratch file, read part by part."""

from dataclasses import dataclass

import numpy as np

from sf_spark.lake.storage import open_bytes, open_output


@dataclass(frozen=True)
class Parts:
    """An array sorted into parts.

    Attributes:
        dtype: Type of its items.
        ends: Where each part ends, in items.
        uri: URI of the scratch file; '' where the array is in memory.
        items: The array, if it is in memory.
    """

    dtype: np.dtype
    ends: np.ndarray
    uri: str
    items: np.ndarray | None

    def part(self, rank: int) -> np.ndarray:
        """The items of a part."""
        start, end = int(self.ends[rank - 1]) if rank else 0, int(self.ends[rank])
        if self.items is not None:
            return self.items[start:end]
        if start == end:
            return np.empty(0, self.dtype)
        with open_bytes(self.uri) as file:
            file.seek(start * self.dtype.itemsize)
            return np.frombuffer(file.read((end - start) * self.dtype.itemsize), self.dtype)


def partitioned(items: np.ndarray, keys: np.ndarray, parts: int, uri: str = "") -> Parts:
    """Sort an array into parts, keeping its order within each.

    Args:
        items: The array.
        keys: The part of each item.
        parts: Number of parts.
        uri: URI of the scratch file to write; '' keeps the array in memory.
    """
    ends = np.cumsum(np.bincount(keys, minlength=parts))
    ordered = items if parts == 1 else items[np.argsort(keys, kind="stable")]
    if not uri or len(items) == 0:
        return Parts(items.dtype, ends, "", ordered)
    with open_output(uri) as file:
        file.write(np.ascontiguousarray(ordered).view(np.uint8).data)
    return Parts(items.dtype, ends, uri, None)
