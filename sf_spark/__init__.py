"""Early warning for companies in difficulty: partner deliveries in, a ranked and explained detection list out."""

__version__ = "0.2.0"
