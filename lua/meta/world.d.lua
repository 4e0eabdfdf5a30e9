---@meta
--- A world: everything that reaches the Lua side from outside. `world/real.lua` is the
--- machine, `world/virtual.lua` a virtual clock with scripted answers, `world/sim.lua` a
--- machine in a simulated network. The same policy and the same plugins run in all, unchanged.
---
--- Operations that end later take a *waiter*, any table with `wake(self, a, b, c, d)`,
--- and return an operation number; `world:cancel(kind, number)` forgets it without
--- waking. Results have the shape of the core's: `value …` or `nil, message, code`.
--- No waiter is woken before the function that took it has returned.

---@class mlxresolve.Waiter
---@field wake fun(self, a?, b?, c?, d?)  called once, with the results

---@class mlxresolve.World
---@field host mlxresolve.Host|false  set by the scheduler; told when to run
local World = {}

---@class mlxresolve.Host
---@field run fun(self, now: number)   expire timers, run what is ready; may ask for new wake-ups

--- Steady milliseconds: never set, and going on while the machine sleeps. Constant within one turn
--- of the host.
---@return number
function World:now() end
--- Seconds since 1970, of the wall clock.
---@return number
function World:date() end
--- A number in [0, 1), or an integer in 1..n. Unpredictable in the real world.
---@param n integer?
---@return number
function World:random(n) end
--- What hashes are seeded with, where a run has to be like another one: nil in the real world.
---@return integer|nil
function World:hash_seed() end
--- Asks that `host:run` be called at `at` (ms), or as soon as possible when it is past; nil for never.
--- One deadline at a time: a later call replaces it.
---@param at number?
function World:wake_at(at) end

--- Asks one server one question. Wakes with: answer packet, status, ttl, ms — status is
--- "answer", "nodata" or "nxdomain" — or nil, message, code.
---@param waiter mlxresolve.Waiter
---@param server string   address, port optional
---@param name string
---@param type integer
---@param timeout number  ms
---@param flags integer?  as core.upstream
---@return integer|nil operation, string? message, string? code
function World:exchange(waiter, server, name, type, timeout, flags) end

--- getaddrinfo. Wakes with: list of address texts, or nil, message, code.
---@param family integer 0, 4, 6
function World:native(waiter, name, family, deadline) end

--- Connects a stream to "192.0.2.1:22", "[::1]:22" or "/run/socket". Wakes with a
--- mlxresolve.Stream or nil, message, code.
function World:connect(waiter, target) end

--- Runs a program without a shell, in a process group of its own, with nothing to read. Wakes
--- with: exit code, stdout, stderr; or nil, message, code (EINTR: ended by a signal, EFBIG: it
--- printed more than 64 KiB). To cancel is to kill.
---@param argv string[]
---@return integer|nil operation, string? message, string? code
function World:run(waiter, argv) end

--- Asks an address for an ICMP echo, once. Wakes with the ms that it took; silence wakes nobody, and
--- `cancel` ends the wait. EACCES where this user may not.
---@return integer|string|nil operation, string? message, string? code
function World:echo(waiter, address) end

--- Forgets an operation: its waiter will not be woken.
---@param kind "exchange"|"native"|"dns_sd"|"connect"|"read"|"run"|"echo"
---@param operation integer|string
function World:cancel(kind, operation) end

---@class mlxresolve.Stream
local Stream = {}
--- Wakes with the next bytes, "" at the end, or nil, message, code.
---@return integer operation
function Stream:read(waiter) end
--- Queues bytes; failures show in the next read.
function Stream:write(data) end
--- Closes it; a read under way is not woken.
function Stream:close() end

--- Opens a datagram socket (options as core.udp.open). `on_datagram` is called with
--- (data, from address, from port, interface index, to address|false, hops) and may not yield. With
--- the option `filter` only for what that admits at this moment, and with is_awaited, is_owned behind.
---@return mlxresolve.Socket|nil, string? message, string? code
function World:udp(options, on_datagram) end
---@class mlxresolve.Socket
local Socket = {}
--- Sends a datagram; `interface` is an index, and the kernel chooses without one.
---@return true|nil, string? message, string? code
function Socket:send(packet, to, interface) end
--- Joins a multicast group on the interface of that index.
---@return true|nil, string? message, string? code
function Socket:join(group, interface) end
--- Leaves it.
---@return true|nil, string? message, string? code
function Socket:leave(group, interface) end
--- Its own address with port.
---@return string
function Socket:address() end
--- Closes it; nothing is called after that.
function Socket:close() end

--- The interfaces as the kernel has them now (see core.netif).
---@return mlxresolve.Interface[]
function World:interfaces() end
--- The neighbour table as the kernel has it now.
---@return mlxresolve.Neighbour[]
function World:neighbours() end
--- `on_events(list)` is called with a list of events (see core.netif and core.clock) after each batch.
---@return { close: fun(self) }
function World:watch_network(on_events) end

--- The whole of a text file (at most 1 MiB), or nil, message, code.
---@return string|nil text, string? message, string? code
function World:read_file(path) end
--- Puts a text file in place whole or not at all, for this user only; makes the folders that lack.
---@return true|nil, string? message, string? code
function World:write_file(path, text) end
--- A cheap stamp that differs when the file was changed or replaced; nil when absent.
---@return string|nil
function World:file_stamp(path) end
--- Names of the entries of a folder, sorted; {} when there is none.
---@return string[]
function World:list_folder(path) end
--- How many processors may be used.
---@return integer
function World:processors() end
--- The user's number; 0 is root.
---@return integer
function World:uid() end
--- An environment variable.
---@return string|nil
function World:env(name) end
--- The machine's own name.
---@return string
function World:hostname() end
--- Asks the system's own responder through dns_sd (macOS only; elsewhere nil, message, "ENOTSUP").
function World:dns_sd(waiter, name, family, deadline) end

--- A line for the log. `level` is "error" "warn" "info" "debug".
function World:log(level, text, fields) end

---------------------------------------------------------------- serving (real world only)

--- Opens the DNS listener; `on_question(slot, name, type)` is called in the host's turn.
---@return mlxresolve.Front|nil, string? message, string? code
function World:listen(options, cache, on_question) end
--- Opens an HTTP server; `on_request(slot, method, path, query, body)`; reply with
--- `server:reply(slot, status, content_type, body)`, or with a stream (see mlxresolve.http); method is
--- false when the client of a stream has left.
function World:http(options, on_request) end
--- Opens a store of the cache (see mlxresolve.store); `on_event(kind, text, count)`.
---@return mlxresolve.Store|nil, string? message, string? code
function World:store(options, cache, on_event) end
--- Closes it; true when everything was written within `patience` ms.
---@return boolean
function World:close_store(store, patience) end
--- `on_report(name, address|false)` for failures that C code of this process reports.
---@param on_report fun(name: string, address: string|false)
---@return table|nil box, string? message, string? code
function World:reports(on_report) end
--- `on_change(is_busy)` when a thousand items (datagrams, questions, …) a second are handled, and when no longer.
---@param on_change fun(is_busy: boolean)
function World:watch_load(on_change) end
--- `on_signal(name)` for "sigterm", "sigint", "sighup".
function World:signals(on_signal) end
--- Runs until `world:stop()`; for programs, not for embedders.
function World:loop() end
--- Ends `loop`.
function World:stop() end
--- Closes all that is still open.
function World:close() end
