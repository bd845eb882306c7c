"""ATNA: audit events as DICOM AuditMessages, in syslog messages over TLS."""
