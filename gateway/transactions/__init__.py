"""One module per IHE transaction: what is asked and what is answered, as values."""
