"""The steps of `make image-test`, each on cards of its own."""
