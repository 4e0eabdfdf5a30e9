--- Bugs put in on purpose, to see whether the scenarios find them.
---
---   local undo = mutants.list[1].put_in()
---   …
---   undo()
---
--- A mutant replaces a function of a module while it is in. Each says which scenario has to find it
--- and what is said then; some need a policy that was changed instead.

local core = require("mlxresolve.core")
local hearing = require("mlxresolve.mdns.hearing")
local links = require("mlxresolve.mdns.links")
local outgoing = require("mlxresolve.mdns.outgoing")
local sockets = require("mlxresolve.mdns.sockets")
local store = require("mlxresolve.mdns.store")

local mutants = {}

--- Puts `make(original)` in the place of a function.
local function replace(owner, name, make)
  local original = owner[name]
  owner[name] = make(original)
  return function()
    owner[name] = original
  end
end

--- Changes each instance that a constructor makes.
local function each(module, change)
  return replace(module, "new", function(new)
    return function(...)
      local instance = new(...)
      change(instance)
      return instance
    end
  end)
end

--- Puts something before a method of an instance.
local function before(instance, name, make)
  local method = instance[name]
  rawset(instance, name, make(method))
end

local function each_record(change)
  return each(store, function(instance)
    before(instance, "put", function(put)
      return function(self, record, ...)
        if change(record) ~= false then
          return put(self, record, ...)
        end
      end
    end)
  end)
end

local function cache_flush_is_ignored()
  return each_record(function(record)
    record.cache_flush = false
  end)
end

local function goodbyes_are_ignored()
  return each_record(function(record)
    return record.ttl > 0
  end)
end

local function questions_leave_once()
  return each(outgoing, function(way)
    before(way, "post", function(post)
      return function(self, asker, mode, options)
        if mode == "first" and not (options and options.to) then
          post(self, asker, mode, options)
        end
      end
    end)
  end)
end

local function questions_leave_thirty_times()
  return each(outgoing, function(way)
    before(way, "post", function(post)
      return function(self, ...)
        local words = { ... }
        post(self, ...)
        for i = 1, 50 do
          self.engine.scheduler:after(i, function()
            post(self, unpack(words, 1, 3))
          end)
        end
      end
    end)
  end)
end

-- What a probe announces tentatively is taken for an answer.
local function probes_are_believed()
  return replace(hearing, "overhear", function(overhear)
    return function(engine, data, at)
      local message = core.wire.decode(data)
      if message and #message.authorities > 0 then
        message.response, message.questions = true, {}
        message.answers, message.authorities = message.authorities, {}
        return hearing.receive(engine, false, core.wire.encode(message, { mdns = true }), at)
      end
      return overhear(engine, data, at)
    end
  end)
end

local function tunnels_are_asked()
  return replace(links, "choose", function(choose)
    return function(interfaces, named)
      local list = {}
      for i, interface in ipairs(interfaces) do
        list[i] = setmetatable({
          kind = interface.kind == "tunnel" and "ethernet" or interface.kind,
          point_to_point = false,
        }, { __index = interface })
      end
      return choose(list, named)
    end
  end)
end

local function ids_are_not_compared()
  local class = getmetatable(assert(core.exchange.new("192.0.2.1:53", "a.", "A", {}, 0))).__index
  return replace(class, "message", function(message)
    return function(self, from, packet, now)
      return message(self, from, self:query():sub(1, 2) .. packet:sub(3), now)
    end
  end)
end

local function sockets_stay_open()
  return replace(sockets, "open", function(open)
    return function(...)
      local opened = open(...)
      rawset(opened, "close", function() end)
      return opened
    end
  end)
end

---@class support.Mutant
---@field bug string
---@field scenario string
---@field says string      a Lua pattern that a problem has to match
---@field put_in fun(): fun()
---@type support.Mutant[]
mutants.list = {
  {
    bug = "the cache-flush bit is ignored",
    scenario = "dhcp_renumbering",
    says = "expected 192%.168%.2%.22; got 192%.168%.2%.2 ",
    put_in = cache_flush_is_ignored,
  },
  {
    bug = "goodbyes are ignored",
    scenario = "worker_leaves",
    says = "got 192%.168%.2%.2$",
    put_in = goodbyes_are_ignored,
  },
  {
    bug = "mDNS questions are not asked again",
    scenario = "lossy_wifi",
    says = "within 0.6 s: expected an address; got nxdomain",
    put_in = questions_leave_once,
  },
  {
    bug = "mDNS questions are asked too often",
    scenario = "cable_pulled",
    says = "a storm: mini1 sent",
    put_in = questions_leave_thirty_times,
  },
  {
    bug = "what a host only tries to be called is believed",
    scenario = "duplicate_host_name",
    says = "which it never had",
    put_in = probes_are_believed,
  },
  {
    bug = "a tunnel is asked by multicast",
    scenario = "vpn_up",
    says = "multicast left on tun0",
    put_in = tunnels_are_asked,
  },
  {
    bug = "IDs of DNS replies are not compared",
    scenario = "dns_stalls",
    says = "203%.0%.113%.66, which it never had",
    put_in = ids_are_not_compared,
  },
  {
    bug = "sockets stay open",
    scenario = "cable_pulled",
    says = "left open after the end: %d sockets",
    put_in = sockets_stay_open,
  },
}

return mutants
