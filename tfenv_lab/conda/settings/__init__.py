"""Read conda's configuration: condarc, channels, directories, network."""
