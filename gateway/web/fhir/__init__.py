"""The FHIR door: REST in, actors, resources out."""
