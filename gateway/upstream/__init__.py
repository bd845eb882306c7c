"""Remote registries and repositories: what we ask of others over the same wires others ask us."""
