"""The edge: HTTP on one side, values on the other. The only place that knows the web framework."""
