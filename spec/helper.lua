--- Runs before the specs.

-- Each spec file gets its modules anew; luv, loaded a second time, would crash on the loop
-- of the first.
require("luv")

return {}
