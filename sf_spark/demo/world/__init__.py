"""The simulated world: companies, their places, money and ends, drawn from a seed. No file formats here."""
