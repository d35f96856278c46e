"""Programs that try a mechanism out, each in a process of its own."""
