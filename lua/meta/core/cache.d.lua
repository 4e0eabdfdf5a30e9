---@meta mlxresolve.core

---@class mlxresolve.core
local core = {}

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

--- Goes by other times from now on: the TTLs for what is put, `stale` for everything. Its size and
--- its seed stay.
---@param options mlxresolve.CacheOptions
---@return true|nil, string? message, string? code
function Cache:tune(options) end

--- Keeps a canonical answer under its own question. Where its TTLs were beyond the limits, the
--- answer as it is kept comes as a second result.
---@param answer string
---@param now number
---@param note mlxresolve.CacheNote?
---@return true|nil, string? message_or_kept, string? code
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
