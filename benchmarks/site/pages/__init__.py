"""Makes the content of each page; the parent folder draws and writes it."""
