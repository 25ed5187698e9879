"""Organisation numbers of the Brønnøysund register, as people type them and as they are shown."""


def plain(typed: str) -> str:
    """The digits of what was typed: spaces, and Norway's prefix and suffix of a VAT number, are left out."""
    bare = "".join(typed.split()).upper()
    return bare.removeprefix("NO").removesuffix("MVA")


def shown(number: str) -> str:
    """The number in groups of three, as the register prints it."""
    return f"{number[:3]} {number[3:6]} {number[6:]}"
