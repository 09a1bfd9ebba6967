"""What runs on the device besides Kith: data partition, settings, slots, updates. Standard library only.

On the device the package is called `onboard`, in `/opt/kith`; its modules know each other by relative names.
"""
