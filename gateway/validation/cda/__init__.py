"""CDA documents against a schema and Schematron rule sets."""
