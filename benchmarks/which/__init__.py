"""Which tool to take: the questions, the advice, and what the records say to each answer."""
