"""A script for the person at a simulated pen."""

SERVICE = '[[step]]\nat = "0.5 s"\ndo = "hold"\nhold = "3.5 s"\n'


def entering_service(folder):
    """Path of a script by which the person enters SERVICE; it lies in the folder."""
    path = folder / "person.toml"
    path.write_text(SERVICE)
    return path
