"""What the words of the standard mean, as plain frozen values. Standard library only."""
