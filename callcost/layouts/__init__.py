"""Links libraries in other orders, and makes an environment of each; installs nothing."""
