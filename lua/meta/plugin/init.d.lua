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
