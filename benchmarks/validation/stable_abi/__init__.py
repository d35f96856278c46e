"""The study of which instructions the stable ABI adds to a call."""
