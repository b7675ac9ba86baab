"""The relations that the agents' application copies: their content, and their transfer to a database."""
