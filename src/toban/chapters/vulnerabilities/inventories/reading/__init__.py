"""Lists of what is installed, as their programs write them: read into packages. Pure."""
