"""The lecture: a catalogue of demos, a runner, and pages; what trains is an ordinary experiment."""
