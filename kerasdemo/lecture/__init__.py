"""The lecture's own calculations and figures; all that trains is an ordinary experiment."""
