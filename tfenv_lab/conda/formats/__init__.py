"""Import and export environments in other tools' file formats and in notebooks."""
