"""What conda is configured to do: condarc, channels, directories, network."""
