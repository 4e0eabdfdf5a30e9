---@meta mlxresolve
--- What a policy says: `local mlx = require "mlxresolve"`. A plugin gets the helpers alone.
local mlx = {}

---@type string
mlx.version = nil
--- The plugin API; a plugin may state `api = "1.0"`.
---@type string
mlx.api = nil

---@class mlxresolve.CommonOptions   of every strategy
---@field name string?        how it is called in answers and messages
---@field zones string[]?     asked only for these names and those below them
---@field except string[]?    but not for these and those below them
---@field types string[]?     asked only for these types
---@field timeout string|number?  how long it may take: "800ms"
---@field retry mlxresolve.Draft?  asks it again within the pass: use("backoff", …)
---@field cache boolean|{ min_ttl: string?, max_ttl: string? }|nil  whether, or how long, its answers
---  are kept
---@field denials "end"|"pass"|nil  whether its "no such name" ends the search
---@field purpose string?     asked only by programs that say this purpose to `resolve`

--- A plugin at work: by its name with options, or written in place.
---@param plugin string|table
---@param options table?   mlxresolve.CommonOptions and the plugin's own
---@return mlxresolve.Draft
function mlx.use(plugin, options) end

--- Strategies side by side, each with a head start of `after` before the next; the first answer wins.
---@param members table   { after = "150ms", use(…), use(…) }
---@return mlxresolve.Draft
function mlx.race(members) end

---@class mlxresolve.PolicyFields
---@field strategies mlxresolve.Draft[]  asked from the top; the first answer wins
---@field listen string[]?      where DNS questions are answered: "127.0.0.1:5453"
---@field allow string[]?       networks whose hosts may ask: "192.168.2.0/24"
---@field front mlxresolve.FrontFields?  how questions are taken in
---@field control string|false|nil  the Unix socket of the command line
---@field http string|false|nil  without effect in this version
---@field deadline string|number|nil  the longest that a query may take: "4.5s"
---@field cache mlxresolve.CacheFields?  how answers are kept
---@field network mlxresolve.NetworkFields?  of which changes reactions are told, and when
---@field retries mlxresolve.Draft[]?   whether and when to ask all strategies again
---@field rankers mlxresolve.Draft[]?   order the addresses of an answer
---@field reactions mlxresolve.Draft[]?  told of network changes; { use("revalidate") } when absent
---@field observers mlxresolve.Draft[]?  told of answers, and services such as use("publish", …)
---@field peers string[]?       in use all the time: "mini1.local:50051"
---@field pins table<string, mlxresolve.Draft[]>?  identity checks by name or zone

---@class mlxresolve.CacheFields
---@field size string|number|nil       memory for answers: "32MiB"
---@field min_ttl string|number|nil    kept at least so long: "1s"
---@field max_ttl string|number|nil    kept at most so long: "1h"
---@field max_negative_ttl string|number|nil  denials are kept at most so long: "5m"
---@field stale string|number|nil      served so long after expiry when nobody answers: "1d"
---@field stale_mode "verify"|"immediate"|nil  whether that waits for an answer first
---@field stale_timer string|number|nil  how long it waits: "1.8s"
---@field persist string|false|nil     the file that survives a restart, or "auto"

---@class mlxresolve.FrontFields
---@field threads integer|"auto"|nil   that answer from the cache
---@field udp_size integer?            the longest answer over UDP, bytes
---@field max_pending integer?         questions under way
---@field max_tcp integer?             connections
---@field max_tcp_per_client integer?  connections of one address
---@field max_pipelined integer?       questions under way in one connection
---@field tcp_idle string|number|nil   an unused connection is closed after this: "10s"

---@class mlxresolve.NetworkFields
---@field settle string|number|nil     how long a change is quiet before reactions are told: "500ms"
---@field flapping string|number|nil   what comes and goes is told of at most so often: "5s"
---@field ignore string[]?             interfaces of which reactions are not told: "docker*", "tunnel"

--- The policy: what the file returns.
---@param fields mlxresolve.PolicyFields
---@return mlxresolve.Draft
function mlx.policy(fields) end

--- What another file returns; its path is seen from the including file.
---@param path string
---@return any
function mlx.include(path) end

--- An environment variable, or `default`.
---@param name string
---@param default string?
---@return string|nil
function mlx.env(name, default) end

--- This machine's own name.
---@return string
function mlx.hostname() end

---@class mlxresolve.OpenOptions
---@field serve boolean?     open the policy's DNS listener, publish its names, keep its files
---@field listen string[]?   with `serve`: in place of the policy's
---@field reports boolean?   take what C code of this process reports: mlxr_report_failure
---@field log (fun(level: string, text: string))?  gets the lines of the log; standard error when absent
---@field level "error"|"warn"|"info"|"debug"|nil  of the lines on standard error; "warn" when absent
---@field world mlxresolve.World?  the machine when absent

--- Opens a resolver, for programs; a policy has no such word. It only resolves unless `serve` says
--- otherwise: no listener, files or published names, and never a control socket or signals. Mistakes of
--- the policy come as `nil, report, "EPOLICY"`.
---@param policy string|table   a file's path, or what mlx.policy made
---@param options mlxresolve.OpenOptions?
---@return mlxresolve.Resolver|nil, string? message, string? code
function mlx.open(policy, options) end

---@class mlxresolve.ResolveOptions
---@field type string?       "A"; A and AAAA when neither this nor `types` is there
---@field types string[]?    several at once
---@field timeout string|number|nil  "800ms"; the policy's deadline when absent
---@field trace boolean?     every try comes along
---@field fresh boolean?     not from the cache
---@field purpose string?    what it is for; strategies with another `purpose` are left out

--- `addresses` and `records` are made when they are first read: `pairs` does not show them before.
---@class mlxresolve.Result
---@field name string        canonical
---@field type string        "A+AAAA"
---@field status "answer"|"nodata"|"nxdomain"  the best of its types
---@field addresses mlxresolve.ResultAddress[]  in the order of the rankers
---@field records mlxresolve.ResultRecord[]  the whole answer, CNAMEs first
---@field ms number         how long it took
---@field cached boolean     nobody had to be asked
---@field stale boolean      nobody answered, and this is from before
---@field suspect boolean    the network has changed since, and it is being looked into
---@field trace table[]|nil  of { type, strategy, result, at, ms, detail }

---@class mlxresolve.ResultAddress
---@field address string     "fe80::1%eth0" for link-local ones
---@field family "ipv4"|"ipv6"  of the address
---@field interface string|false  over which it was learnt
---@field ttl integer        s
---@field strategy string|false   who said it

---@class mlxresolve.ResultRecord
---@field name string       canonical
---@field type string       "A"
---@field ttl integer       s
---@field data string       presentation form

---@class mlxresolve.WatchEvent
---@field kind "added"|"moved"|"suspect"|"gone"  what has become of it; JSON calls it `event`
---@field name string        canonical
---@field family "ipv4"|"ipv6"  of the address
---@field address string     "fe80::1%eth0" for link-local ones
---@field was string?        the address before, of "moved"
---@field interface string|false|nil  over which it was learnt
---@field strategy string|false|nil  who said it
---@field reason string      "resolved", "network", "policy", a reason of the link such as "announced"
---  or "goodbye", what a check found out, or a code

---@class mlxresolve.Resolver
local Resolver = {}
--- Resolves a name. With a callback it returns a request, and nothing is called back before it has
--- returned; without one, inside a coroutine, it waits and returns what a callback would get.
---@param name string
---@param options mlxresolve.ResolveOptions?
---@param callback fun(result: mlxresolve.Result|nil, message: string?, code: string?)?
---@return mlxresolve.Request|mlxresolve.Result|nil, string? message, string? code
function Resolver:resolve(name, options, callback) end
--- What is known right now: the first record of the type (A when absent) as text, "fe80::1%eth0" for
--- link-local ones, and the seconds that it may be used; false and the seconds when it is known that
--- there is none; nil when it is not known. Asks nobody, and costs little more than reading a table.
---@param name string
---@param type string?
---@return string|false|nil data, integer? ttl
function Resolver:peek(name, type) end
--- Tells what becomes of a name's addresses, until the handle is closed. Nothing is called back
--- before this function has returned.
---@param name string
---@param callback fun(event: mlxresolve.WatchEvent)
---@return { close: fun(self) }|nil handle, string? message, string? code
function Resolver:watch(name, callback) end

--- Somebody could not reach a name at an address (at any of its addresses when absent): it is no
--- answer while there are others, and the name is looked into at once. How many records heard on the
--- link are in doubt.
---@param name string
---@param address string?
---@return integer|nil doubted, string? message, string? code
function Resolver:report_failure(name, address) end
--- Opens the DNS listener, one per resolver, and says where it is.
---@param addresses string[]?  the policy's when absent
---@return string[]|nil, string? message, string? code
function Resolver:listen(addresses) end
--- Reads the policy's file again; the old policy stays when the new one has mistakes. True, and which
--- changed fields wait until the resolver is opened anew: `listen`, `allow`, `front`, `cache.size`.
---@return true|nil, string[]|string at_restart_or_message, string? code
function Resolver:reload() end
--- Drops entries of the cache: { name=, suffix=, type=, interface=, strategy=, older_than=s }, all of
--- them without a filter; returns how many.
---@return integer|nil, string? message, string? code
function Resolver:flush(filter) end
--- Lists entries of the cache that such a filter means, at most `limit` (1000): each { name, type,
--- status, ttl, age, idle, is_held, stale, suspect, withheld, strategy, interface (name), index, data
--- (texts) }; and whether there are more.
---@param filter table?
---@param limit integer?
---@return table[]|nil, boolean|string has_more_or_message, string? code
function Resolver:list(filter, limit) end
--- What it is and how it does, as the control API's status.
---@return table
function Resolver:status() end
--- The latest queries that the cache could not answer, the newest first, with every try.
---@param limit integer
---@return table[]
function Resolver:traces(limit) end
--- Closes everything; requests under way are called back with ECANCELED first. Who closes it once more
--- is called back, too.
---@param callback fun()?
function Resolver:close(callback) end

---@class mlxresolve.Request
local Request = {}
--- Gives up: calls back once with nil, "cancelled", "ECANCELED".
function Request:cancel() end

--- Names: `canonical(text)`, `reverse(address)`, as in core/name.d.lua.
mlx.name = {}
--- Addresses: `parse(text)`, `is_within(address, network)`, … as in core/address.d.lua.
mlx.address = {}

return mlx
