---@meta
--- What a plugin reaches the world through: the `ctx` of its functions.

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
--- { bind = "0.0.0.0:0" }. `socket:receive(timeout?)` waits, so many ms at most: data, from, port,
--- interface, to, hops; `send`, `join`, `leave`, `address` and `close` as those of a world's socket.
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
