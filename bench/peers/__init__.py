"""What a user would pick instead of Kith, each in a process and an environment of its own."""
