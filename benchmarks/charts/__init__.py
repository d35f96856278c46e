"""A record as static figures, for README and docs; the site has its own."""
