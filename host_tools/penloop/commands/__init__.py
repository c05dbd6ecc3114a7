"""The commands of `penloop`, a module a group; each has a `register(app)`."""
