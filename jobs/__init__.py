"""The jobs: one short file each."""
