"""What all commands use to talk to a terminal and to write files; it knows no measurement."""
