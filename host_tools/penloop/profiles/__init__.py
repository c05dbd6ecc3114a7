"""Settings of a pen as a file: TOML with units, loaded all or nothing."""
