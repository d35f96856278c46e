"""What the stable ABI costs: a mechanism built for it beside its form for one version."""
