"""Texts as arrays of code points and 64-bit keys (字符与散列).

Belongs here: the two forms in which names, places and addresses are compared by the million. Does not belong: what any
character means.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

WIDTH: Final = 28  # characters of a core name that are kept

Keys = npt.NDArray[np.uint64]
Chars = npt.NDArray[np.uint32]


def chars_of(text: pa.Array, width: int = WIDTH) -> Chars:
    """Give code points, shape (n, width), cut at the width and zero behind the end."""
    cut = pc.utf8_slice_codeunits(pc.fill_null(text, ""), 0, width)
    wide = np.asarray(cut.to_numpy(zero_copy_only=False), dtype=f"U{width}")
    return np.ascontiguousarray(wide).view(np.uint32).reshape(len(wide), width)


def text_of(chars: Chars) -> pa.Array:
    """Return code points, shape (rows, width), as an Arrow string array."""
    wide = np.ascontiguousarray(chars).view(f"U{chars.shape[1]}").ravel()
    return pa.array(wide.astype(object), pa.string())


def stirred(key: Keys, value: npt.NDArray[Any]) -> Keys:
    """Fold one more value into 64-bit keys (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        mixed = (key * np.uint64(0x9E3779B97F4A7C15)) ^ (value.astype(np.uint64) + np.uint64(0x632BE59BD9B4E019))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        return np.asarray(mixed ^ (mixed >> np.uint64(29)), dtype=np.uint64)


def whole_hash(chars: Chars, first: int = 0) -> Keys:
    """Hash each row's characters from `first` on; 0 for an empty row."""
    key = np.zeros(len(chars), dtype=np.uint64)
    for at in range(first, chars.shape[1]):
        letter = chars[:, at]
        if not letter.any():
            break
        key = np.where(letter > 0, stirred(key, letter), key)
    return key


def shifted(chars: Chars, by: npt.NDArray[np.int64], width: int) -> Chars:
    """Return each row moved left by its own number of characters, padded with zeros, shape (rows, width)."""
    padded = np.pad(chars, ((0, 0), (0, width)))
    return np.asarray(np.take_along_axis(padded, by[:, None] + np.arange(width)[None, :], axis=1))
