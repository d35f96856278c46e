"""What each mechanism does, found out by running it; no time is taken here."""
