"""The instrument: measures any call, and its own error; knows no mechanism and no workload."""
