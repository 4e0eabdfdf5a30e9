---@meta
--- What a plugin's `ctx` leads to, takes and hands out.

--- What an option of the type `plugin` holds: another plugin at work. Its functions are called
--- without a context, `check:identify(name, address)`; its errors and timeout come as nil, message,
--- "EPLUGIN" or "ETIMEOUT". A function that the plugin does not have is nil.
---@class mlxresolve.PluginHandle
---@field name string  how the policy calls it

--- What a health check is asked about.
---@class mlxresolve.Endpoint
---@field name string            of the host, canonical
---@field address string         with its scope where that matters: "fe80::1%eth0"
---@field port integer|nil       that is of interest there, as of a peer
---@field interface string|nil   where it was heard

--- What a ranker puts in order: it returns these tables in another order, or fewer of them.
---@class mlxresolve.RankedAddress
---@field address string          without a scope
---@field family "ipv4"|"ipv6"    of the address
---@field interface string|false  over which it was learnt
---@field position integer        where it stands in the answer; tells the tables apart

--- The one mDNS engine. Functions that wait are called in a task, as all functions of a plugin are.
---@class mlxresolve.mdns.Engine
local Mdns = {}
--- Asks one name on the link and waits; what is known already costs nothing. For `query:packet`.
---@param name string     canonical
---@param number integer  of the type
---@param options mlxresolve.mdns.AskOptions?  timeout (800 ms), interfaces (names), ipv4, ipv6
---@return string|nil packet, string status_or_message, integer|string ttl_or_code, integer? interface
function Mdns:ask(name, number, options) end
--- Tells what becomes of the records of a name, until the handle is closed.
---@param name string
---@param type string|string[]  one type or two
---@param callback fun(event: mlxresolve.mdns.Event)
---@param options mlxresolve.mdns.WatchOptions?
---@return mlxresolve.mdns.Subscription|nil handle, string? message, string? code
function Mdns:watch(name, type, callback, options) end
--- Tells which services of a type there are, of all types without one, and what becomes of them.
---@param type string|nil  "_mlx._tcp", "_gpu._sub._mlx._tcp"
---@param callback fun(service: mlxresolve.mdns.Service)
---@param options mlxresolve.mdns.AskOptions?
---@return mlxresolve.mdns.Browser|nil handle, string? message, string? code
function Mdns:browse(type, callback, options) end
--- Publishes this machine's name and, where one is named, a service (`host`, `service`, `port`,
--- `instance`, `txt`, `subtypes`), until the publication is closed.
---@param spec mlxresolve.mdns.PublishSpec
---@return mlxresolve.mdns.Publication|nil, string? message, string? code
function Mdns:publish(spec) end
--- Somebody could not reach a name there: the record ends in 10 s unless its host says it again.
---@param name string
---@param address string?  all addresses of the name when absent
---@return integer|nil doubted, string? message, string? code
function Mdns:report_failure(name, address) end

--- The book of addresses in doubt: a dead address is no answer while its name has others.
---@class mlxresolve.Health
local Health = {}
--- Notes what was found out; an entry counts for two minutes, "verified" for five.
---@param name string     canonical
---@param address string
---@param state "suspect"|"dead"|"verified"
---@param reason string   for people
function Health:mark(name, address, state, reason) end
--- What is known of an address: { state, reason, since (ms) }.
---@param name string
---@param address string
---@return mlxresolve.HealthEntry|nil
function Health:of(name, address) end
--- Forgets an address of a name, or all of them.
---@param name string
---@param address string?
---@param reason string?
function Health:clear(name, address, reason) end

---@class mlxresolve.NameInUse
---@field name string         canonical
---@field is_held boolean     watched, or a peer
---@field port integer|nil    the peer's
---@field addresses string[]  that the cache has, fresh ones, with their scopes

---@class mlxresolve.Follower
local Follower = {}
--- The names in use now, sorted, without this machine's own.
---@return mlxresolve.NameInUse[]
function Follower:list() end
--- Waits until any name is in use; nothing wakes the machine while there is none.
function Follower:await() end

---@class mlxresolve.SweepOptions
---@field family "ipv4"|"ipv6"
---@field networks string[]|"attached"|nil  what may be looked at of the attached networks; all, but
---  neighbours only, when absent; IPv6 is not knocked at
---@field rate number?      knocks a second, at most (and unless told) 64
---@field limit integer?    addresses, at most (and unless told) 1,024
---@field port integer?     that is knocked at, 9 (discard) unless told
---@field mac string?       only neighbours with this MAC
---@field address string?   only the neighbour with this address
---@field key string?       what it is for: after one that failed, none with the same key for a pause
---@field pause number?     ms, at least (and unless told) 60,000

---@class mlxresolve.PluginCache
local PluginCache = {}
--- Drops what { name=, suffix=, interface=index or name, strategy=name, type=, older_than=s,
--- purpose=text, false for what has none } means; how many entries that were.
---@param filter table
---@return integer|nil count, string? message, string? code
function PluginCache:flush(filter) end
--- Marks what the filter means as suspect: served as before, until it is looked into or said anew,
--- and noted in the book of addresses in doubt with this reason. How many entries that concerns.
---@param filter table
---@param reason string?
---@return integer|nil count, string? message, string? code
function PluginCache:suspect(filter, reason) end
--- Entries that the filter means (also: older_than, used_within in s, suspect, withheld), at most
--- `limit` (1000): { name, type, status, data (texts), ttl, age, idle (s since it was asked for),
--- strategy (its name), interface (name, false when it is gone), index, is_held (watched, or a peer),
--- stale, suspect, withheld }; and whether there are more.
---@param filter table
---@param limit integer?
---@return table[]|nil, boolean|string has_more_or_message, string? code
function PluginCache:list(filter, limit) end
--- Puts a further answer in, e.g. an RRset that came along (mDNS).
function PluginCache:put(answer) end
--- A cached answer for this question, whoever said it.
---@return mlxresolve.Answer|nil
function PluginCache:get(name, type) end
