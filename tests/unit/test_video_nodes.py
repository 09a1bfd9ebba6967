"""Which of the kernel's video devices is the camera, on trees like those of a Pi."""

from __future__ import annotations

import fcntl
import struct
from pathlib import Path

import pytest

from kith.drivers.video_nodes import find_camera, gives_pictures

PI = {
    "video0": ("unicam-image", "soc/fe801000.csi", True),
    "video10": ("bcm2835-codec-decode", "soc/bcm2835-codec", False),
    "video13": ("bcm2835-isp-capture0", "soc/bcm2835-isp", True),
    "video14": ("HD Webcam C525: HD Webcam C525", "pci0/usb1/1-1/1-1.2/1-1.2:1.0", True),
    "video15": ("HD Webcam C525: HD Webcam C525", "pci0/usb1/1-1/1-1.2/1-1.2:1.0", False),
    "video2": ("Microscope", "pci0/usb1/1-1/1-1.3/1-1.3:1.0", True),
}
"""Node -> its name, where it hangs, whether it gives pictures; the second of the webcam's gives metadata."""


def _tree(folder: Path, nodes: dict[str, tuple[str, str, bool]]) -> Path:
    for node, (name, device, _) in nodes.items():
        (folder / "devices" / device / "video4linux" / node).mkdir(parents=True)
        (folder / "class" / node).mkdir(parents=True)
        (folder / "class" / node / "name").write_text(f"{name}\n")
        (folder / "class" / node / "device").symlink_to(folder / "devices" / device)
    return folder / "class"


def _find(folder: Path, name: str, nodes: dict[str, tuple[str, str, bool]]) -> str | None:
    found = find_camera(
        name, _tree(folder, nodes), folder / "dev", lambda device: nodes.get(device.name, ("", "", False))[2]
    )
    return found.name if found else None


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("", "video2"),
        ("webcam", "video14"),
        ("C525", "video14"),
        ("unicam", "video0"),
        ("codec", None),
        ("Logitech", None),
    ],
)
def test_a_camera_is_found_by_a_part_of_its_name(tmp_path: Path, name: str, node: str | None) -> None:
    assert _find(tmp_path, name, PI) == node


def test_without_a_name_the_picture_processor_of_a_pi_is_no_camera(tmp_path: Path) -> None:
    assert _find(tmp_path, "", {node: of for node, of in PI.items() if "usb" not in of[1]}) is None


def test_it_is_found_again_under_another_number(tmp_path: Path) -> None:
    again = {"video21": PI["video15"], "video20": PI["video14"]}
    assert _find(tmp_path / "a", "webcam", PI) == "video14"
    assert _find(tmp_path / "b", "webcam", again) == "video20"


def test_a_machine_without_any(tmp_path: Path) -> None:
    assert find_camera("", tmp_path / "nothing", tmp_path) is None


def test_one_that_goes_while_it_is_looked_for_is_left_out(tmp_path: Path) -> None:
    tree = _tree(tmp_path, PI)
    (tree / "video2" / "name").unlink()
    assert find_camera("", tree, tmp_path, lambda _: True) == tmp_path / "video14"


@pytest.mark.parametrize(("node_can", "gives"), [(0x0420_0001, True), (0x04A0_0000, False), (0x8000, False)])
def test_the_kernel_is_asked_what_a_device_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node_can: int, gives: bool
) -> None:
    def answer(file: int, request: int, arg: bytes) -> bytes:
        # _IOR('V', 0, struct v4l2_capability), whose whole device can more than this node.
        assert request == 2 << 30 | len(arg) << 16 | ord("V") << 8
        return struct.pack(
            "=16s32s32s6I", b"uvcvideo", b"HD Webcam", b"usb", 6, 0x84A0_0001, node_can, 0, 0, 0
        )

    monkeypatch.setattr(fcntl, "ioctl", answer)
    (tmp_path / "video0").touch()
    files = len(list(Path("/proc/self/fd").iterdir()))
    assert gives_pictures(tmp_path / "video0") is gives
    assert len(list(Path("/proc/self/fd").iterdir())) == files


def test_what_is_no_video_device_gives_none(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    assert not gives_pictures(tmp_path / "video0")
    assert not gives_pictures(tmp_path / "video1")
