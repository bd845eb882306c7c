"""FHIR R4 resources against profiles: all that is wrong, each with its element and rule."""
