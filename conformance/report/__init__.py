"""What was judged and found, and the forms it is told in."""
