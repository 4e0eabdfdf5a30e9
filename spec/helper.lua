--- Runs before the specs.
return {}
