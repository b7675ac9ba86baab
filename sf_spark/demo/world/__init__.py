"""What happens: companies, their places, their money and their ends, drawn from a seed. Knows no file."""
