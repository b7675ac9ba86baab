"""Loads and bit tricks that the compiled kernels of this package share: eight bytes at a time, at any address.

Kernels read text where Arrow left it, so they take addresses. The caller keeps the buffer alive meanwhile, with
``SPARE`` readable bytes behind it.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

if not os.access(Path(__file__).parent, os.W_OK) and not os.access(os.path.expanduser("~"), os.W_OK):
    # For a user without a home, or a read-only package: keep compiled kernels where everybody may write.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"sf_spark-kernels-{os.getuid()}"))

import numba as nb
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

SPARE = 16  # bytes behind the end of a text that a load of eight may touch
LOW, HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)

jit = nb.njit(cache=True, nogil=True, boundscheck=False)
inlined = nb.njit(cache=True, inline="always")


def _load(bits: int) -> Any:
    def load(typingctx: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value = builder.load(builder.inttoptr(args[0], ir.IntType(bits).as_pointer()))
            value.align = 1
            return value if bits == 64 else builder.zext(value, ir.IntType(64))

        return nb.types.uint64(nb.types.uint64), codegen

    return intrinsic(load)


load64 = _load(64)  # uint64 at an address, whatever its alignment
load32 = _load(32)
load8 = _load(8)


@intrinsic
def trailing_zeros(typingctx: Any, value: Any) -> Any:
    """Number of zero bits below the lowest one; 64 for zero."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return nb.types.uint64(nb.types.uint64), codegen


@inlined
def zero_bytes(word: np.uint64) -> np.uint64:
    """The high bit of each byte that is zero; exact up to the first such byte."""
    return (word - LOW) & ~word & HIGH


@inlined
def text_of(views: np.ndarray, row: int, base: np.uint64, buffers: np.ndarray) -> tuple[np.uint64, np.uint64]:
    """The address of the text of an Arrow string view, and its length in bytes.

    Args:
        views: The views, two 64-bit words each.
        row: Which of them.
        base: Address of the first view: short texts stand in the view itself.
        buffers: Addresses of the data buffers, which hold the other texts.
    """
    first = views[row, 0]
    size = first & np.uint64(0xFFFFFFFF)
    if size <= np.uint64(12):
        return base + np.uint64(16 * row + 4), size
    last = views[row, 1]
    return buffers[last & np.uint64(0xFFFFFFFF)] + (last >> np.uint64(32)), size
