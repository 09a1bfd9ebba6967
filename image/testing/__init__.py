"""`python3 -m image.testing`: the very image, started in QEMU and shown to do what it promises."""
