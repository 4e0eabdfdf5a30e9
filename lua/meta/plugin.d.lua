---@meta
--- What a plugin sees. A plugin is a plain table; the functions that it defines tell what it
--- can do: strategy `resolve`, retry policy `retry`, ranker `rank`, reaction `network_changed`,
--- health check `probe`, identity check `identify`, observer `answered`, any of them `open` and
--- `close`.
--- A plugin with `identify` may also define `knows(self, name, ctx)`: true when it could confirm a
--- host of that name at all, false when not, or nil, message, code.
--- `probe(self, endpoint, ctx)` returns true when the address lives, or nil, message, code. The codes
--- EACCES, EAGAIN, EINVAL, ENETDOWN, ENETUNREACH, ENOBUFS, ENOTSUP, EPERM and EPLUGIN say that it
--- could not be told; every other, that it does not live. Nothing at all: it cannot tell.
--- It may also define `learn(self, name, address, ctx)`: true when it has remembered what it found of
--- a host that is met for the first time; with pins only.
--- A strategy with `by_name = true` tells names apart and not types: that it passes a name, or denies
--- it, holds for all types of the name, and is remembered so (RFC 2308 section 5). Where it passes for
--- the type alone, it calls `query:exists()`.
--- A strategy with `forgets = true` keeps neither the query nor an answer beyond its `resolve`, nor
--- gives them to tasks of its own: both may then be used again for another question.
--- `self` is the instance: `self.options` holds the checked options, other fields are its own.

---@class mlxresolve.Query
---@field name string       lower case, final dot, \DDD escapes
---@field type string       "A", "AAAA", "SRV", …
---@field number integer    of the type
---@field purpose string|false  what the question is for, where somebody said it
---@field client string|false  address of the client; reading it makes the answer private (never shared)
local Query = {}
--- Is the query's name this zone or below it?
---@param zone string  "local.", "cluster.example."
---@return boolean
function Query:under(zone) end
--- An answer. `data` is a list of rdata texts for the query's type, or a table by type:
--- { a = "192.0.2.1" or {…}, aaaa = …, srv = … }; a type that is not there is NODATA. `ttl` is 60 s
--- when absent, of denials 10 s.
---@param data table|string
---@param ttl integer?  s, 60 when absent
---@return mlxresolve.Answer
function Query:answer(data, ttl) end
--- "There is no such name", by somebody who knows.
---@param ttl integer?  s, 10 when absent
---@return mlxresolve.Answer
function Query:nxdomain(ttl) end
--- "The name exists, but has no such record."
---@param ttl integer?  s, 10 when absent
---@return mlxresolve.Answer
function Query:nodata(ttl) end
--- "I know the name, though I leave this type to others": their denial then says nothing of its other
--- types.
function Query:exists() end
--- An answer made of a canonical packet, as `ctx.mdns:ask` gives them; `interface` is an index.
---@param packet string
---@param interface integer?
---@return mlxresolve.Answer|nil, string? message, string? code
function Query:packet(packet, interface) end
--- The same question for another name or type.
---@param name string?
---@param type string?
---@return mlxresolve.Query
function Query:with(name, type) end

---@class mlxresolve.Answer
---@field packet string      canonical (core/answer.h)
---@field status "answer"|"nodata"|"nxdomain"  what it says
---@field ttl integer         s
---@field interface integer|false   index of the interface that it came in on
---@field strategy string|false     set by the chain
---@field is_stale boolean    it ran out, and nobody has said it since
---@field is_suspect boolean  the network has changed since, and it is being looked into
local Answer = {}
--- rdata texts of the final RRset.
---@return string[]
function Answer:data() end
--- Does it say that there is nothing?
---@return boolean
function Answer:is_denial() end

---@class mlxresolve.Context
---@field cache mlxresolve.PluginCache  what is known already
---@field mdns mlxresolve.mdns.Engine  the one mDNS engine, shared by all plugins
---@field health mlxresolve.Health  the book of addresses in doubt
local Context = {}
--- Monotonic time.
---@return number ms
function Context:now() end
--- A number in [0, 1), or an integer in 1..n.
---@param n integer?
---@return number
function Context:random(n) end
--- Waits: ms, or a text such as "100ms".
---@param duration number|string
function Context:sleep(duration) end
--- Asks one server. Server: "192.0.2.53", "192.0.2.53:5353", "[::1]:53". Options: `timeout` (2000
--- ms), `tcp` (over TCP only), `recurse = false` (ask the server alone), `cookies` (RFC 7873).
---@param query mlxresolve.Query
---@param options { timeout: number?, tcp: boolean?, recurse: boolean?, cookies: boolean? }?
---@return mlxresolve.Answer|nil, string? message, string? code
function Context:exchange(server, query, options) end
--- Opens a datagram socket that is closed when the call that opened it ends; options as
--- { bind = "0.0.0.0:0" }. `socket:receive(timeout?)` waits: data, from, port, interface, to, hops;
--- `send`, `join`, `leave`, `address` and `close` as those of a world's socket.
---@param options mlxresolve.UdpOptions
---@return table|nil socket, string? message, string? code
function Context:udp(options) end
--- Opens a stream to "192.0.2.1:22", "[::1]:22" or "/run/socket"; `stream:read()` waits, "" at the
--- end; `stream:write(data)`, `stream:close()`.
---@param target string
---@return table|nil stream, string? message, string? code
function Context:connect(target) end
--- A question, for `exchange` where no client's is at hand.
---@param name string
---@param type string
---@return mlxresolve.Query
function Context:query(name, type) end
--- getaddrinfo in the pool; `family` is 4, 6 or 0 for both.
---@param name string
---@param family integer?
---@return string[]|nil addresses, string? message, string? code
function Context:native(name, family) end
--- Asks the mDNS responder that the system runs, without D-Bus: Avahi's socket, systemd-resolved's
--- varlink socket, dns_sd on macOS. A list of { address, interface = index|false }, empty when the
--- name has none of the family; or nil, message, code: ENOTFOUND when nobody answered, ENOENT,
--- ECONNREFUSED or ENOTSUP when there is no such responder here.
---@param which "avahi"|"resolved"|"dns_sd"
---@param name string
---@param family "ipv4"|"ipv6"
---@param path string?  its socket
function Context:system_mdns(which, name, family, path) end
--- Asks dns_sd, as `system_mdns` does. A list of address texts.
---@return string[]|nil addresses, string? message, string? code
function Context:dns_sd(name, family) end
--- Asks a host, at its own addresses and nobody else, by mDNS, whether it still says all of these:
--- true, or nil, message, code: ECHANGED when it says others, ENODATA when none, ETIMEOUT when it is
--- silent. `timeout` (300 ms) is each question's; `heard` is a table that remembers, from call to
--- call, over which families the host has spoken.
---@param name string
---@param addresses string[]
---@param options { timeout: number?, heard: table<string, boolean>? }?
---@return true|nil, string? message, string? code
function Context:confirm(name, addresses, options) end
--- What the result of a probe or an identity check is worth: "for", "against", or "none" when the
--- check could not ask, or cannot tell.
---@param ok any
---@param message string?
---@param code string?
---@return "for"|"against"|"none"
function Context:weigh(ok, message, code) end
--- Has the policy asked for a name's addresses, without waiting for them; not again while it is being
--- asked, or has just failed.
---@param name string
function Context:refresh(name) end
--- Begins to follow the names in use (asked for within a minute, watched, or a peer; at most 64) below
--- some zones. Closed with the plugin.
---@param zones string[]
---@return mlxresolve.Follower
function Context:follow_use(zones) end
--- What this plugin found of a host when it was first met.
---@param name string  canonical
---@return string|nil evidence
function Context:remembered(name) end
--- Has it remembered, across restarts where the resolver has files; a line of text without tabs.
---@param name string
---@param evidence string
---@return true|nil, string? message, string? code
function Context:remember(name, evidence) end
--- Has the hosts at these addresses of a pinned name prove who they are, in the background, unless
--- they did lately.
---@param name string
---@param addresses string[]
function Context:prove(name, addresses) end
--- A sub-query through the whole chain, of the client's type when none is given; ELOOP when it would
--- wait for itself.
---@param name string
---@param type string?
---@return mlxresolve.Answer|nil, string? message, string? code
function Context:resolve(name, type) end
--- Looks into a doubt about a name: asks the host that said it last, its link and the chain anew,
--- and probes its addresses where `probe` is given (a plugin with `probe`; `port` is the peer's when
--- absent). "keep": it is still said, or answers; "move": something else is said, and stands in the
--- cache; "drop": nobody knows it, and it has run out. With the reason in words; or nil, message,
--- "EAGAIN" where nobody could be asked. Who comes while a name is looked into waits with the first.
---@param name string
---@param options { address: string?, reason: string?, probe: mlxresolve.PluginHandle?, port: integer? }?
---@return "keep"|"move"|"drop"|nil verdict, string reason, string? code
function Context:recheck(name, options) end
--- What the strategies behind this one say of the query (or of `query`).
---@param query mlxresolve.Query?
---@return mlxresolve.Answer|nil, string? message, string? code
function Context:next(query) end
--- Runs a program without a shell, with nothing to read and no terminal; waits for its end, at
--- most `timeout` ms (10 s), and kills it and what it has started when the wait ends before.
---@param argv string[]  the program first, found by PATH unless it is a path
---@param options { timeout: number? }?
---@return integer|nil exit_code, string stdout_or_message, string stderr_or_code
function Context:run(argv, options) end
--- Asks an address for an ICMP echo ("ping"), once, and waits at most `timeout` ms (1 s): the ms that
--- it took, or nil, message, code: ETIMEOUT for silence, EACCES where this user may not ask.
---@param address string
---@param options { timeout: number? }?
---@return number|nil ms, string? message, string? code
function Context:echo(address, options) end
--- Looks for a host on the links of this machine that are up and no tunnel: calls
--- `check(address, interface index)`, which returns true or nil and why not, for each neighbour and
--- then for each address of `networks` that a knock (an empty datagram) wakes, at most 8 at a time;
--- the first true value wins. One sweep at a time: another waits. Codes: ENOTFOUND after everything;
--- ETIMEOUT when there was no time for everything, shortly before the deadline of the call; either
--- that or EAGAIN when it is too early to look for the same key again.
---@param options mlxresolve.SweepOptions
---@param check fun(address: string, interface: integer): any, string?
---@return string|nil address, integer|string interface_or_report, string report_or_code
function Context:sweep(options, check) end
--- Runs functions side by side; the first that returns a true value wins, the others are
--- cancelled. { after = ms } staggers. Returns the winner's values, or nil, message, code of the last.
function Context:race(functions, options) end
--- Runs functions side by side to their end; a list of { values… } packed tables with n.
function Context:all(functions) end
--- A task that lives as long as the call (in `open`: as the plugin) unless it ends before.
function Context:spawn(fn, ...) end
--- The interfaces of this machine.
---@return mlxresolve.Interface[]
function Context:interfaces() end
--- Whom the kernel knows on the attached links.
---@return mlxresolve.Neighbour[]
function Context:neighbours() end
--- This machine's own name.
---@return string
function Context:hostname() end
--- The servers of resolv.conf, without our own listeners: "192.0.2.53:53", ….
---@return string[]
function Context:system_servers() end
--- A line in the trace of the query.
function Context:note(text) end
--- A line in the daemon's log. `level` is "error", "warn", "info" or "debug".
function Context:log(level, text) end
--- The text of a file, for plugins that are about files.
---@return string|nil text, string? message, string? code
function Context:read_file(path) end
--- A cheap stamp that differs when the file was changed; nil when there is none.
---@return string|nil
function Context:file_stamp(path) end

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

---@class mlxresolve.Change
---@field events table[]      as core.netif reported them
---@field lost string[]       names of interfaces that went away or down
---@field gained string[]     names of interfaces that came, or came up
---@field changed string[]    names of interfaces whose addresses changed
---@field flapping string[]   names of interfaces that come and go: this sums up many events
---@field indexes table<string, integer>  of the interfaces named above, gone ones too
---@field added { address: string, interface: string }[]  addresses of ours that came
---@field removed { address: string, interface: string }[]  and went
---@field moved { address: string, from: string, to: string }[]  of those, to another interface
---@field replaced { interface: string, was: string, address: string }[]  of those, in another's place
---@field left { network: string, interface: string }[]  networks that this machine is on no more
---@field gateways table<string, { was: string[], now: string[] }>  by family ("ipv4", "ipv6"), where
---  the default routes changed
---@field strange string[]    interfaces behind whose gateway's address there is another machine now
---@field touched table<integer, string>  index of an interface → why what was heard there is in doubt
---@field everything string|false  why all answers are in doubt, where they are
---@field routes boolean      a default route changed
---@field resynced boolean    events were lost
---@field resumed number|false  ms that the machine slept
---@field clock_jumped number|false  ms by which the wall clock was set
---@field certain "sure"|"likely"|"maybe"  told by the kernel; seen by comparing; or there was but an
---  occasion for it, such as sleep

---@class mlxresolve.Failure
---@field attempt integer  passes made so far
---@field code string      of the last failure
---@field message string   its words
---@field elapsed number   ms since the question came
