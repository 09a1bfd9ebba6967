"""The card: four partitions in an MBR, put together without loop devices or mounts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from image import ImageError
from image.build.workshop import Workshop

MIB = 1024 * 1024
DISK_ID = 0x4B495448
"""KITH in ASCII. With the number of a partition it is that partition's PARTUUID, for instance 4b495448-02."""
BOOT_BYTES = 512 * MIB
"""Two slots' kernels (50 MiB each), an update bundle as a file, and room."""
ROOT_BYTES = 512 * MIB
"""The root takes less than half today; it cannot grow once cards are out."""
DATA_BYTES = 16 * MIB
"""All zeros, and really written: flashing a card anew makes its old data unreachable. Grows on the device."""
_FIRST_BYTE = 4 * MIB
"""Cards erase in blocks of up to 4 MiB."""
_SECTOR = 512
_FAT32_LBA, _LINUX = 0x0C, 0x83
_HOLE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A partition: from `start` on `size` bytes, `kind` of the MBR."""

    name: str
    start: int
    size: int
    kind: int


def layout() -> tuple[Part, ...]:
    """The four partitions, one after the other."""
    sizes = (
        ("boot", BOOT_BYTES, _FAT32_LBA),
        ("root A", ROOT_BYTES, _LINUX),
        ("root B", ROOT_BYTES, _LINUX),
        ("data", DATA_BYTES, _LINUX),
    )
    start, parts = _FIRST_BYTE, []
    for name, size, kind in sizes:
        parts.append(Part(name=name, start=start, size=size, kind=kind))
        start += size
    return tuple(parts)


def table_script(parts: tuple[Part, ...]) -> str:
    """The partition table as sfdisk reads it."""
    lines = ["label: dos", f"label-id: 0x{DISK_ID:08x}", "unit: sectors", f"sector-size: {_SECTOR}", ""]
    for number, part in enumerate(parts, start=1):
        start, size = part.start // _SECTOR, part.size // _SECTOR
        lines.append(f"{number} : start={start}, size={size}, type={part.kind:x}")
    return "\n".join(lines) + "\n"


def build_card(shop: Workshop, *, boot: Path, root: Path) -> Path:
    """The image file, sparse: the boot partition, root A, an empty root B, and zeros for the data."""
    parts = layout()
    made = shop.work / "card.img"
    with made.open("wb") as file:
        file.truncate(parts[-1].start + parts[-1].size)
    shop.tools.run(["sfdisk", "--quiet", str(made)], text_in=table_script(parts))
    for part, content in zip(parts[:2], (boot, root), strict=True):
        if content.stat().st_size > part.size:
            raise ImageError(
                f"{part.name} has {content.stat().st_size} bytes, its partition only {part.size}"
            )
        _copy_sparse(content, made, part.start)
    with made.open("r+b") as file:
        file.seek(parts[-1].start)
        file.write(bytes(parts[-1].size))
    # Whoever reads the last build's card meanwhile keeps it whole.
    return made.replace(shop.out / f"kith-{shop.flavour}.img")


def _copy_sparse(source: Path, target: Path, offset: int) -> None:
    with source.open("rb") as read, target.open("r+b") as write:
        place = offset
        while block := read.read(_HOLE):
            if any(block):
                write.seek(place)
                write.write(block)
            place += len(block)
