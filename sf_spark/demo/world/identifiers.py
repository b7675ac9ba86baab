"""Identifiers that pass the controls of the real ones: SIREN and SIRET with their Luhn key, URSSAF accounts."""

# Multiplying by a number coprime with 10 and adding a constant visits every 8-digit number once: identifiers never
# repeat from one block of companies to the next, and a tenth of them start with a zero.
_SPREAD, _SHIFT, _SPACE = 73_939_133, 4_207_849, 10**8
_ACCOUNT_SPREAD, _ACCOUNT_SHIFT, _ACCOUNT_SPACE = 739_391_133_739_391, 31_415_926_535, 10**15


def luhn_key(digits: str) -> str:
    """Return the digit that makes `digits` + key divisible by 10 in Luhn's sum."""
    total = 0
    for rank, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if rank % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def siren(index: int) -> str:
    """Return the SIREN of the company of that rank in the whole plan."""
    body = f"{(index * _SPREAD + _SHIFT) % _SPACE:08d}"
    return body + luhn_key(body)


def siret(siren_number: str, sequence: int) -> str:
    """Return the SIRET of the establishment of that sequence number (1 to 9999) in its company."""
    body = f"{siren_number}{sequence:04d}"
    return body + luhn_key(body)


def provisional_siret(siren_number: str, sequence: int) -> str:
    """Return the provisional number that URSSAF gives while waiting for the real one: it holds letters."""
    return f"{siren_number}PR{sequence:03d}"


def account(urssaf: str, company: int, rank: int) -> str:
    """Return the 18-digit URSSAF account of that rank in the company (fewer than 1000 of them)."""
    body = ((company * 1000 + rank) * _ACCOUNT_SPREAD + _ACCOUNT_SHIFT) % _ACCOUNT_SPACE
    return f"{urssaf}{body:015d}"


def request_family(company: int, rank: int) -> str:
    """Return the 9 characters shared by a request for short-time work and its amendments (fewer than 1000)."""
    return f"{((company * 1000 + rank) * _SPREAD + _SHIFT) % 10**9:09d}"
