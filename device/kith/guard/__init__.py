"""The guard: warns before the bump. A process of its own, which shares only `runtime` with the rest."""
