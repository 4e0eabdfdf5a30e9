---@meta mlxresolve.core
--- What the C core offers to Lua: `require "mlxresolve.core"`. Each table below is
--- one binding file, `core/bind/<name>.c`; a spec compares this file with the module.
---
--- Every failure is `nil, message, code`: words for people, a stable code for
--- programs ("ETIMEOUT", "EFORMAT", "ECONNREFUSED", …). Wrong argument types raise.
--- `now` and deadlines are monotonic milliseconds (numbers, fractions allowed), TTLs
--- are seconds. Objects close on `close()` and, at the latest, when collected.
---
--- Every I/O object has `fd()` (poll it for reading), `step(now, batch)` and
--- `close()`. `step` fills the caller's `batch` from index 1 with a fixed number of
--- values per item (the "stride" below) and returns the number of items, then the
--- next deadline in ms or nil. Slots of `batch` beyond the items are left as they were.
--- Absent values are `false`, never nil.

---@class mlxresolve.core
---@field version string
local core = {}

--- The sentence for an error code, e.g. "ETIMEOUT" -> "nobody answered in time".
---@param code string
---@return string
function core.explain(code) end

--- Steady time in ms, that goes on while the machine sleeps. The world's clock, not for anybody else.
---@return number
function core.now() end

--- `n` unpredictable bytes from the system's generator (at most 256).
---@param n integer
---@return string
function core.entropy(n) end

--- Lowers the priority of the calling thread by 10 steps of nice, on Linux only.
function core.yield_to_fronts() end

---@alias mlxresolve.Failure nil, string, string

---------------------------------------------------------------- core.name
core.name = {}

--- Canonical text: lower case (ASCII), final dot, odd bytes as \DDD.
---@param text string  final dot optional
---@return string|nil name, string? message, string? code
function core.name.canonical(text) end

--- The name to ask PTR for: "192.0.2.1" -> "1.2.0.192.in-addr.arpa.".
---@param address string
---@return string|nil name, string? message, string? code
function core.name.reverse(address) end

--- Wire form and back; for specs and for who builds packets.
---@param text string
---@return string|nil wire, string? message, string? code
function core.name.to_wire(text) end
---@param wire string
---@return string|nil text, string? message, string? code
function core.name.from_wire(wire) end

---------------------------------------------------------------- core.address
core.address = {}

---@class mlxresolve.Address
---@field address string   canonical, with %interface for link-local IPv6
---@field family "ipv4"|"ipv6"
---@field port integer|false
---@field interface string|false  the scope
---@field is_loopback boolean
---@field is_link_local boolean

--- Reads "192.0.2.1", "[fe80::1%eth0]:53", …
---@param text string
---@return mlxresolve.Address|nil, string? message, string? code
function core.address.parse(text) end

--- Is `address` inside `network` ("192.0.2.0/24", "fe80::/10")?
---@param address string
---@param network string
---@return boolean|nil, string? message, string? code
function core.address.is_within(address, network) end

--- Reads "192.0.2.0/24": canonical base address, prefix length, number of addresses
--- (a float; 2^64 for a /64).
---@param text string
---@return string|nil base, integer|string prefix, number|string size
function core.address.network(text) end

--- The n-th address (from 0) of a network, for scans.
---@param network string
---@param n integer
---@return string|nil address, string? message, string? code
function core.address.nth(network, n) end

---------------------------------------------------------------- core.wire
core.wire = {}

---@class mlxresolve.Record
---@field name string       canonical owner
---@field type string       "A", "TYPE65280"
---@field class string      "IN", "CH", "ANY", "CLASS7"
---@field ttl integer
---@field data string       presentation form, "192.0.2.1", "10 5 443 host.local."
---@field cache_flush boolean

---@class mlxresolve.Question
---@field name string
---@field type string
---@field class string
---@field unicast boolean   the QU bit

---@class mlxresolve.Edns
---@field udp_size integer
---@field version integer
---@field dnssec_ok boolean
---@field options { code: integer, data: string }[]
---@field ede { code: integer, text: string }[]   read only; write options

---@class mlxresolve.Message
---@field id integer
---@field response boolean       QR
---@field opcode integer
---@field rcode integer
---@field authoritative boolean  AA
---@field truncated boolean      TC
---@field recursion_desired boolean
---@field recursion_available boolean
---@field authentic boolean      AD
---@field checking_disabled boolean
---@field questions mlxresolve.Question[]
---@field answers mlxresolve.Record[]
---@field authorities mlxresolve.Record[]
---@field additionals mlxresolve.Record[]   without OPT
---@field edns mlxresolve.Edns|nil

--- Reads a whole message. Trailing bytes, two OPT records and rdata that breaks its type's
--- rules are errors; an NSEC that cannot be read is shown as "\# n hex" (RFC 6762 section 6.1).
--- Names of entries are canonical; names inside `data` keep their spelling.
---@param packet string
---@return mlxresolve.Message|nil, string? message, string? code
function core.wire.decode(packet) end

---@class mlxresolve.EncodeOptions
---@field mdns boolean?       compress SRV and NSEC as RFC 6762 18.14 asks
---@field max integer?        bytes; records that do not fit are left out and TC is set

--- Writes a message. Absent fields take their zero; `class` defaults to "IN".
---@param message table   as mlxresolve.Message
---@param options mlxresolve.EncodeOptions?
---@return string|nil packet, string? message, string? code
function core.wire.encode(message, options) end

--- The number of a type's mnemonic and back.
---@param type string
---@return integer|nil, string? message, string? code
function core.wire.type_number(type) end
---@param number integer
---@return string
function core.wire.type_name(number) end

---------------------------------------------------------------- core.answer
--- Canonical answers: see core/answer.h. An `answer packet` is a Lua string.
core.answer = {}

--- Makes a canonical answer from a reply to a question for (name, type).
---@param packet string
---@return string|nil answer, string status "answer"|"nodata"|"nxdomain"|"failure", integer ttl, integer rcode
function core.answer.scrub(packet) end

--- Builds a canonical answer from rdata texts. `records` is a list of data texts of
--- the question's type, e.g. { "192.0.2.1" }; nil or {} makes NODATA.
---@param name string
---@param type string
---@param records string[]?
---@param ttl integer
---@return string|nil answer, string? message, string? code
function core.answer.build(name, type, records, ttl) end

--- A denial: "nodata" or "nxdomain", with a SOA of that TTL.
---@param name string
---@param type string
---@param status "nodata"|"nxdomain"
---@param ttl integer
---@return string|nil answer, string? message, string? code
function core.answer.deny(name, type, status, ttl) end

--- What it says, without decoding it.
---@param answer string
---@return string|nil status, integer ttl, string name, string type, integer rcode
function core.answer.read(answer) end

--- The data texts of the final RRset (addresses, SRV data, …), in order, and its TTL.
---@param answer string
---@return string[]|nil data, integer ttl
function core.answer.data(answer) end

--- Puts "owner CNAME name" in front.
---@param answer string
---@param owner string
---@param ttl integer
---@return string|nil answer, string? message, string? code
function core.answer.alias(answer, owner, ttl) end

--- Records of the final RRset in the given one-based order; left out means dropped.
---@param answer string
---@param order integer[]
---@return string|nil answer, string? message, string? code
function core.answer.reorder(answer, order) end

---@class mlxresolve.ReplyOptions
---@field max integer?       bytes; a longer reply is cut off with TC
---@field ede_code integer?  RFC 8914 info code; goes out with `ede_text`
---@field ede_text string?
---@field rotation integer?  turns the addresses by so many places

--- Makes the reply to a client's packet from an answer to its question, as the front
--- does; for simulated worlds and specs.
---@param answer string
---@param packet string
---@param options mlxresolve.ReplyOptions?
---@return string|nil reply, string? message, string? code
function core.answer.reply(answer, packet, options) end

--- A reply without records.
---@param packet string
---@param rcode integer
---@param options mlxresolve.ReplyOptions?
---@return string|nil reply, string? message, string? code
function core.answer.refuse(packet, rcode, options) end

--- What a client's packet is worth: 0, or the rcode to refuse it with, and the question
--- if it could be read; or nil when it deserves no reply at all.
---@param packet string
---@return integer|nil rcode, string? name, string? type, integer|string? udp_size
function core.answer.request(packet) end

---------------------------------------------------------------- core.cache
core.cache = {}

---@class mlxresolve.CacheOptions
---@field size integer?             bytes; 32 MiB
---@field min_ttl integer?          s; 0
---@field max_ttl integer?          s; a day
---@field max_negative_ttl integer? s; three hours
---@field stale integer?            s that an answer is kept beyond its TTL; 0
---@field seed integer?             of its hashes, 32 bits; the system's when absent or 0
---@param options mlxresolve.CacheOptions
---@return mlxresolve.Cache|nil, string? message, string? code
function core.cache.new(options) end

--- The 32 bits that stand for a text as the `strategy` or `purpose` of an entry; never 0.
---@param text string
---@return integer
function core.cache.fingerprint(text) end

---@class mlxresolve.Cache
local Cache = {}

---@class mlxresolve.CacheNote
---@field strategy integer?   hash of the strategy instance, 32 bits
---@field interface integer?  index
---@field min_ttl integer?
---@field max_ttl integer?
---@field purpose integer?    32-bit hash, 0 for none
---@field age integer?        ms since it was said; a younger answer is not replaced
---@field rotate boolean?
---@field pinned boolean?     not evicted for others
---@field by_name boolean?    when it denies the name, it does so for all types

--- Keeps a canonical answer under its own question.
---@param answer string
---@param now number
---@param note mlxresolve.CacheNote?
---@return true|nil, string? message, string? code
function Cache:put(answer, now, note) end

--- Looks up. Nothing (nil) for a miss.
---@param name string    canonical
---@param type integer   type number
---@param now number
---@param purpose integer?
---@param accept_stale boolean?
--- `is_due`: the first hit in the last tenth of a TTL of 10 s or more, or of what became suspect;
--- time to ask again.
--- What is withheld is a hit as what is stale is.
---@return string|nil answer, integer ttl, integer age, integer strategy, integer interface, boolean is_stale, boolean is_due, string status, boolean is_suspect, boolean is_withheld
function Cache:get(name, type, now, purpose, accept_stale) end

--- The first record of a fresh answer as text, false when it denies, nothing for a miss; the
--- TTL that is left; `is_due` as in `get`; and the interface of a link-local address, else 0.
---@param name string
---@param type integer   type number
---@param now number
---@return string|false|nil data, integer ttl, boolean is_due, integer interface
function Cache:peek(name, type, now) end

--- An answer as it was put, fresh or stale, with the TTL in s that it had then. Nothing when there
--- is none. Counts no hit.
---@param name string    canonical
---@param type integer   type number
---@param now number
---@param purpose integer?
---@return string|nil answer, integer age_ms, integer ttl, integer strategy, integer interface, boolean is_suspect, boolean is_withheld
function Cache:copy(name, type, now, purpose) end

---@class mlxresolve.CacheFilter
---@field name string?
---@field suffix string?
---@field type string?
---@field purpose integer?     32-bit hash, 0 for what has none; any when absent
---@field interface integer?
---@field strategy integer?
---@field strategies_but integer[]?
---@field older_than integer?  s
---@field used_within integer? s, since it was asked for
---@field suspect boolean?     only what is
---@field withheld boolean?    only what is

--- Drops entries; all of them without a filter. Returns how many.
---@param now number
---@param filter mlxresolve.CacheFilter?
---@return integer
function Cache:flush(now, filter) end

--- Lets entries run out now. Returns how many were fresh.
---@param now number
---@param filter mlxresolve.CacheFilter?
---@return integer
function Cache:expire(now, filter) end

--- Flags entries: `suspect` ones serve as before, `withheld` ones as if they had run out, and what
--- is put anew is neither; the next hit of `idle` ones is due. Flags that are absent stay. Returns how many entries this changed.
---@param now number
---@param filter mlxresolve.CacheFilter?
---@param flags { suspect: boolean?, withheld: boolean?, idle: boolean? }
---@return integer
function Cache:mark(now, filter, flags) end

--- Lists entries (at most `limit`): { name, type, status, ttl, age, idle (s since it was asked for,
--- give or take four), strategy, interface, purpose, stale, suspect, withheld }. `limit` is 1000
--- unless told.
---@param now number
---@param filter mlxresolve.CacheFilter?
---
--- With `filter.from` it lists page by page, each of a few more than `limit` at most: 0 for the first,
--- then what the last one returned as `next`, until that is nil.
---@param limit integer?
---@return table[] list, integer? next
function Cache:list(now, filter, limit) end

---@return table<string, integer>  entries bytes capacity hits misses stale_hits puts evictions expired
function Cache:stats() end

---------------------------------------------------------------- core.exchange
--- The pure machine, for simulated worlds and specs.
core.exchange = {}

--- Starts a question. Actions are "send_udp", "send_tcp", "wait", "done".
---@param server string   address with port (53 when absent)
---@param name string
---@param type string
---@param options table?   { timeout=ms, resend=ms, udp_size=, tcp=bool, recurse=bool, id=integer,
---                         cookie=bytes }
---@param now number
---@return mlxresolve.Exchange exchange, string action
function core.exchange.new(server, name, type, options, now) end

---@class mlxresolve.Exchange
local Exchange = {}
--- The query packet to send.
---@return string
function Exchange:query() end
---@return number ms
function Exchange:deadline() end
---@param from string   address with port
---@param packet string
---@param now number
---@return string action, string? answer, string? status, integer? ttl, integer? rcode
function Exchange:message(from, packet, now) end
---@param now number
---@return string action
function Exchange:time(now) end
---@param code string
---@param now number
---@return string action
function Exchange:fail(code, now) end
--- Once done: true, or nil, message, code.
function Exchange:result() end
--- How many messages were not its own.
---@return integer
function Exchange:ignored() end
--- The cookie, with the server's part once it is known, and what was found out about that.
---@return string bytes, "learnt"|"lost"|nil news
function Exchange:cookie() end

---------------------------------------------------------------- core.upstream
core.upstream = {}

---@param options table?  { max_pending=, fresh_rate= }
---@return mlxresolve.Upstream|nil, string? message, string? code
function core.upstream.open(options) end

---@class mlxresolve.Upstream
local Upstream = {}
--- Registers a server's address (port 53 when absent) and returns its number; the same
--- address gives the same number.
---@param address string
---@return integer|nil number, string? message, string? code
function Upstream:server(address) end
--- Asks. The returned slot names the question until its result is stepped out.
---@param server integer
---@param name string
---@param type integer
---@param timeout number  ms
---@param now number
---@param flags integer?  1 = TCP only, 2 = without EDNS, 4 = without RD, 8 = with a DNS cookie
---@return integer|nil slot, string? message, string? code
function Upstream:ask(server, name, type, timeout, now, flags) end
function Upstream:cancel(slot) end
--- Sends what was asked since the last flush. Returns when to step next though nothing
--- is readable (what was asked since the last step has deadlines of its own).
---@return number? deadline
function Upstream:flush(now) end
--- Stride 6: slot, status (0 answer, 1 nodata, 2 nxdomain, 3 failure, negative: error),
--- answer packet|false, ttl|error code text, rcode|false, ms.
---@return integer items, number? deadline
function Upstream:step(now, batch) end
function Upstream:fd() end
---@return table<string, integer>
function Upstream:stats() end
function Upstream:close() end

---------------------------------------------------------------- core.report
core.report = {}

--- A box for what C code of this process reports with mlxr_report_failure.
---@return mlxresolve.Report|nil, string? message, string? code
function core.report.open() end

---@class mlxresolve.Report
local Report = {}
--- Fills `batch` with name, address|false for each report and returns their number.
---@param now number
---@param batch table
---@return integer
function Report:step(now, batch) end
---@return integer
function Report:fd() end
--- Closes it; twice is fine.
function Report:close() end

---------------------------------------------------------------- core.icmp
core.icmp = {}

--- Echoes ("ping") of one family, 4 or 6. EACCES where this user's group may not
--- (net.ipv4.ping_group_range on Linux).
---@param family integer
---@return mlxresolve.Icmp|nil, string? message, string? code
function core.icmp.open(family) end

---@class mlxresolve.Icmp
local Icmp = {}
--- Sends an echo request to an address; its 8 bytes of token come back in the reply.
---@param to string
---@param token string
---@return true|nil, string? message, string? code
function Icmp:send(to, token) end
--- Fills `batch` with token, address for each reply and returns their number.
---@param now number
---@param batch table
---@return integer|nil, string? message, string? code
function Icmp:step(now, batch) end
---@return integer
function Icmp:fd() end
--- Closes it; twice is fine.
function Icmp:close() end

---------------------------------------------------------------- core.interest
--- Which multicast packets concern somebody here, told by a glance at the first labels of names:
--- see core/interest.h. A socket takes one as its filter, simulated worlds ask it themselves.
core.interest = {}

---@return mlxresolve.Interest|nil, string? message, string? code
function core.interest.new() end

---@class mlxresolve.Interest
local Interest = {}

---@alias mlxresolve.InterestReason
---| "awaited"  somebody waits for it, or it is kept
---| "owned"    we say something of it

--- Begins to care for a name; calls nest.
---@param name string
---@param reason mlxresolve.InterestReason
function Interest:add(name, reason) end
---@param name string
---@param reason mlxresolve.InterestReason
function Interest:remove(name, reason) end
--- Are queries without questions of interest, which bring further known answers?
---@param reason mlxresolve.InterestReason
---@param is_expected boolean
function Interest:expect(reason, is_expected) end
--- Remembers a packet as sent by who awaits or by who owns: when it comes back it does not concern
--- them. The last 128 of each are known.
---@param reason mlxresolve.InterestReason
---@param packet string
function Interest:sent(reason, packet) end
--- The addresses of this machine, from which its own packets come back.
---@param addresses string[]
---@return true|nil, string? message, string? code
function Interest:own(addresses) end
--- Whom a packet concerns; two times false for nobody, which is counted.
---@param packet string
---@param from string    address; its scope does not count
---@param port integer
---@return boolean is_awaited, boolean is_owned
function Interest:admit(packet, from, port) end
--- How many labels are cared for, and what was dismissed by the reason: "query" (no response, and
--- nobody's question), "unawaited" (nobody's response), "echo" (our own).
---@return { labels: integer, query: integer, unawaited: integer, echo: integer }
function Interest:stats() end

---------------------------------------------------------------- core.udp
core.udp = {}

---@class mlxresolve.UdpOptions
---@field bind string        "0.0.0.0:5353", "[::]:0"
---@field share boolean?     SO_REUSEADDR and SO_REUSEPORT
---@field multicast boolean? hop limit 255, loop on
---@field receive_bytes integer?
---@field filter mlxresolve.Interest?  drops what it does not admit
---@param options mlxresolve.UdpOptions
---@return mlxresolve.Udp|nil, string? message, string? code
function core.udp.open(options) end

---@class mlxresolve.Udp
local Udp = {}
---@param packet string
---@param to string          address with port
---@param interface integer? index; 0 or nil: the kernel chooses
---@return true|nil, string? message, string? code
function Udp:send(packet, to, interface) end
---@param group string
---@param interface integer
function Udp:join(group, interface) end
function Udp:leave(group, interface) end
--- Stride 6: data, from address (without port), from port, interface index (0 unknown),
--- destination address|false, hop limit (-1 unknown). With a filter it leaves `batch` alone and
--- returns how many came, wanted or not, at most 64: `take` hands them over.
---@return integer items
function Udp:step(now, batch) end
--- Puts the next datagram that the filter admits into `batch`, with whether it concerns who awaits,
--- and who owns, as the seventh and eighth value. The filter is asked now: what one datagram teaches
--- makes it care for the next.
---@param batch table
---@return boolean is_there
function Udp:take(batch) end
---@return string address with port
function Udp:address() end
function Udp:fd() end
function Udp:close() end

---------------------------------------------------------------- core.clock
core.clock = {}
--- Tells when the machine has slept, and when the wall clock was set.
---@return mlxresolve.ClockWatch|nil, string? message, string? code
function core.clock.watch() end

---@class mlxresolve.ClockWatch
local ClockWatch = {}
--- What has happened since the last step: { type = "resumed", slept = ms } and
--- { type = "clock_jumped", by = ms }, forwards or back; less than a second is nothing.
---@param now number
---@param batch table  gets the events
---@return integer|nil items, string? message, string? code
function ClockWatch:step(now, batch) end
function ClockWatch:fd() end
function ClockWatch:close() end

---------------------------------------------------------------- core.netif
core.netif = {}

---@param options table?  { receive_bytes= }
---@return mlxresolve.Netif|nil, string? message, string? code
function core.netif.open(options) end

---@class mlxresolve.Netif
local Netif = {}

---@class mlxresolve.Interface
---@field index integer
---@field name string
---@field kind "loopback"|"ethernet"|"wifi"|"thunderbolt"|"bridge"|"tunnel"|"other"
---@field up boolean         administratively up and carrier
---@field multicast boolean
---@field point_to_point boolean
---@field mac string|false   "02:00:00:00:00:01"
---@field mtu integer
---@field addresses { address: string, family: string, prefix: integer, temporary: boolean, tentative: boolean }[]
---@field gateways string[]  of its default routes; "" for an on-link one

---@return mlxresolve.Interface[]
function Netif:interfaces() end

---@class mlxresolve.Neighbour
---@field address string
---@field interface string
---@field index integer
---@field mac string
---@field reachable boolean  confirmed lately
---@return mlxresolve.Neighbour[]|nil, string? message, string? code
function Netif:neighbours() end

--- Stride 1: one table an event:
--- { type = "link_added"|"link_changed"|"link_removed"|"address_added"|"address_removed"|
---   "route_added"|"route_removed"|"neighbour_changed"|"resynced",
---   index=, interface=name|false, up=bool|nil, address=|nil, prefix=|nil, gateway=|nil,
---   mac=|nil, reachable=|nil }
---@return integer items
function Netif:step(now, batch) end
function Netif:fd() end
function Netif:close() end

---------------------------------------------------------------- core.native
core.native = {}

---@param options table?  { threads=, max_threads=, max_waiting= }
function core.native.open(options) end

---@class mlxresolve.Native
local Native = {}
---@param name string
---@param family integer  4, 6 or 0
---@param deadline number
---@param now number
---@return integer|nil slot, string? message, string? code
function Native:ask(name, family, deadline, now) end
--- Forgets the question: there will be no result.
function Native:cancel(slot) end
--- Stride 4: slot, addresses (list of texts)|false, message|false, code|false.
---@return integer items, number? deadline
function Native:step(now, batch) end
function Native:stats() end
function Native:fd() end
function Native:close() end

---------------------------------------------------------------- core.dnssd
--- The system's own responder, through dns_sd. macOS only: elsewhere nil, message, "ENOTSUP".
core.dnssd = {}

---@return mlxresolve.Dnssd|nil, string? message, string? code
function core.dnssd.open() end

---@class mlxresolve.Dnssd
local Dnssd = {}
---@param name string
---@param family integer  4, 6 or 0
---@param deadline number
---@param now number
---@return integer|nil slot, string? message, string? code
function Dnssd:ask(name, family, deadline, now) end
--- Forgets the question: there will be no result.
function Dnssd:cancel(slot) end
--- As core.native's: slot, addresses (list of texts)|false, message|false, code|false.
---@return integer items, number? deadline
function Dnssd:step(now, batch) end
function Dnssd:fd() end
function Dnssd:close() end

---------------------------------------------------------------- core.front
core.front = {}

---@class mlxresolve.FrontOptions
---@field listen string[]   addresses with ports; port 0 takes a free one
---@field allow string[]?   networks that may ask besides loopback: "192.0.2.0/24", "fe80::/10"
---@field threads integer|"auto"|nil  "auto": one for each processor; more than one only on Linux
---@field max_pending integer?
---@field max_tcp integer?
---@field max_tcp_per_client integer?
---@field max_pipelined integer?
---@field tcp_idle integer? ms
---@field udp_size integer?
---@param options mlxresolve.FrontOptions
---@param cache mlxresolve.Cache   kept alive by the front
---@return mlxresolve.Front|nil, string? message, string? code  the message names the address
function core.front.open(options, cache) end

---@class mlxresolve.Front
local Front = {}
--- Stride 3: slot, name (canonical text), type number. Slot 0: nobody waits, but what the cache
--- answered will soon run out.
---@return integer items
function Front:step(now, batch) end
--- Declares the brain asleep; false: misses arrived, step again.
---@return boolean
function Front:sleep() end
---@param slot integer
---@param answer string
---@param ede_code integer?
---@param ede_text string?
function Front:answer(slot, answer, ede_code, ede_text) end
---@param slot integer
---@param rcode integer
---@param ede_code integer?
---@param ede_text string?
function Front:refuse(slot, rcode, ede_code, ede_text) end
function Front:flush() end
--- The client of a pending question: address with port, and whether it came by TCP.
---@return string|nil address, boolean is_tcp
function Front:client(slot) end
---@return string[]
function Front:addresses() end
---@return table<string, integer>
function Front:stats() end
function Front:fd() end
function Front:close() end

return core
