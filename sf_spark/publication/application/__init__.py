"""The relations that the agents' application copies: what each holds, and how a database receives it."""
