"""The same calls in several interpreters: what each costs, and what an upgrade changes."""
