"""The example tables of ITU-T T.81 Annex K, and what the IJG library makes of them.

Tables are in natural order: row by row, 8 a row.
"""

LUMINANCE = (  # table K.1
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
CHROMINANCE = (  # table K.2
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
)  # fmt: skip
BASES = {"luminance": LUMINANCE, "chrominance": CHROMINANCE}


def _zigzag() -> tuple[int, ...]:
    """Give the natural index of each position of the zigzag scan (T.81 figure A.6)."""
    cells = sorted(
        ((row, column) for row in range(8) for column in range(8)),
        key=lambda cell: (
            cell[0] + cell[1],
            cell[0] if (cell[0] + cell[1]) % 2 else cell[1],
        ),
    )
    return tuple(8 * row + column for row, column in cells)


ZIGZAG = _zigzag()


def scaled(base: tuple[int, ...], percent: int, *, limit: int = 255) -> tuple[int, ...]:
    """Scale a table as the IJG library does: rounded, at least 1, at most ``limit``."""
    return tuple(min(max((value * percent + 50) // 100, 1), limit) for value in base)


def ijg(base: tuple[int, ...], quality: int, *, limit: int = 255) -> tuple[int, ...]:
    """Give the table for an IJG quality of 1 to 100."""
    return scaled(base, 5000 // quality if quality < 50 else 200 - 2 * quality, limit=limit)


def scale_interval(table: tuple[int, ...], base: tuple[int, ...]) -> tuple[float, float] | None:
    """Find the percentages that turn ``base`` into ``table`` by rounding; None where none does."""
    low, high = 0.0, float("inf")
    for value, unit in zip(table, base, strict=True):
        if value > 1:
            low = max(low, (100 * value - 50) / unit)
        if value < 255:
            high = min(high, (100 * value + 50) / unit)
    return (low, high) if low < high and high != float("inf") else None


# Tables K.3 to K.6: number of codes of each length 1..16, then the symbols in order.
_DC_SYMBOLS = bytes(range(12))
_AC_LUMINANCE = bytes.fromhex(
    "010203000411051221314106135161072271143281"
    "91a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a"
    "434445464748494a535455565758595a636465666768696a737475767778797a83848586"
    "8788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6"
    "c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
)
_AC_CHROMINANCE = bytes.fromhex(
    "0001020311040521310612415107617113223281"
    "08144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738"
    "393a434445464748494a535455565758595a636465666768696a737475767778797a8283"
    "8485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3"
    "c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
)
STANDARD_HUFFMAN = frozenset(
    {
        (0, bytes.fromhex("00010501010101010100000000000000") + _DC_SYMBOLS),
        (0, bytes.fromhex("00030101010101010101010000000000") + _DC_SYMBOLS),
        (1, bytes.fromhex("0002010303020403050504040000017d") + _AC_LUMINANCE),
        (1, bytes.fromhex("00020102040403040705040400010277") + _AC_CHROMINANCE),
    }
)
