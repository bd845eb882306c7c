"""What decisions look at in a document, and what patients decided."""

ACCESS = ""
