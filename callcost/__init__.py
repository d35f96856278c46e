"""The instrument: measures what any call expression costs, and how far its own figures hold."""
