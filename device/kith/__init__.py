"""Kith: a wearable that tells a blind person who is in front of them."""
