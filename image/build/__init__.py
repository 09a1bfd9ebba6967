"""How the image is built: packages to a root tree, the root tree to partitions, partitions to a card."""
