"""Pack named arrays and a header into compressed bytes with an id that tells what they say.

::

    bytes 0-3    b"TDM1"
    bytes 4-35   the id: 32 hexadecimal digits, from BLAKE2b over what follows, before it is compressed
    then         a zlib stream of
                     uint32   length of the header
                     header   JSON in UTF-8: words and numbers, and `arrays`: where each lies, its shape, how packed
                     arrays   one behind the other, little-endian

Arrays are packed so that they compress well, and unpack in a few lines of any language:

=========  ====================================================================================================
``plain``  the values as they are
``bits``   one bit a value, the first in the highest bit of a byte
``half``   float16; NaN is "no value"; all first bytes, then all second bytes
``steps``  int32: differences of neighbours along the last axis but one, then all first bytes, all second bytes, ...
=========  ====================================================================================================
"""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LARGEST_HALF", "Packer"]

_MAGIC: Final = b"TDM1"
LARGEST_HALF: Final = 60_000.0
"""Values are scaled to stay below this; float16 ends at 65,504."""
_COMPRESSION: Final = 6


class Packer:
    """Collect header and arrays of one blob.

    `header` is a dict of what JSON can hold; the key ``arrays`` is taken.
    """

    def __init__(self) -> None:
        self.header: dict[str, Any] = {}
        self._arrays: dict[str, dict[str, Any]] = {}
        self._parts: list[bytes] = []
        self._length = 0

    def plain(self, name: str, array: NDArray[Any]) -> None:
        """Add an array as it is; its item type must have a typed array in browsers."""
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        self._add(name, little.tobytes(), array.shape, packing="plain", kind=array.dtype.name)

    def bits(self, name: str, array: NDArray[np.bool_]) -> None:
        """Add an array of truth values."""
        self._add(name, np.packbits(array.reshape(-1)).tobytes(), array.shape, packing="bits")

    def half(self, name: str, array: NDArray[np.float64], *, factor: float) -> None:
        """Add numbers as float16, each divided by a factor."""
        scaled = np.clip(np.asarray(array, np.float64) / factor, -LARGEST_HALF, LARGEST_HALF).astype("<f2")
        self._add(name, _planes(scaled.view(np.uint8).reshape(-1, 2)), array.shape, packing="half")

    def steps(self, name: str, array: NDArray[np.int32]) -> None:
        """Add whole numbers whose neighbours along the last axis but one are close."""
        differences = np.diff(array, axis=-2, prepend=np.zeros_like(array[..., :1, :])).astype("<i4")
        self._add(name, _planes(differences.reshape(-1).view(np.uint8).reshape(-1, 4)), array.shape, packing="steps")

    def _add(self, name: str, part: bytes, shape: tuple[int, ...], **how: str) -> None:
        self._arrays[name] = {"from": self._length, "bytes": len(part), "shape": list(shape), **how}
        filled = part + bytes(-len(part) % 8)
        self._parts.append(filled)
        self._length += len(filled)

    def packed(self) -> tuple[bytes, str]:
        """Return the bytes and their id."""
        header = json.dumps(
            {**self.header, "arrays": self._arrays}, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        ).encode()
        content = b"".join([len(header).to_bytes(4, "little"), header, *self._parts])
        data_id = hashlib.blake2b(content, digest_size=16).hexdigest()
        return _MAGIC + data_id.encode() + zlib.compress(content, _COMPRESSION), data_id


def _planes(items: NDArray[np.uint8]) -> bytes:
    """Return all first bytes, then all second bytes and so on."""
    return np.ascontiguousarray(items.T).tobytes()
