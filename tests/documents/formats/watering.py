"""Waters the glass houses."""

LITRES = {"orchids": 340, "ferns": 510}


def litres(house: str) -> int:
    """Return what a house gets in a day."""
    return LITRES[house]
