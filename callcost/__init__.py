"""The instrument: measures what any call costs, and how far its own figures can be trusted."""
