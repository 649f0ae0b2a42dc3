"""The endpoints of the REST contract, a module for each resource."""
