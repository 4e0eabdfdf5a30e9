--- Confirms a host by the key of its TLS certificate: it has to shake hands with the private key
--- that belongs to it. Who signed the certificate, and until when it is valid, does not matter.
---
--- `openssl` does the handshake. A key's name is that of curl's --pinnedpubkey: "sha256//…".
local mlx = require("mlxresolve")

local tls_certificate = {
  options = {
    keys = {
      "map",
      keys = "zone",
      of = { "choice", of = { "string", { "list", of = "string", min = 1 } } },
      default = {},
      doc = 'the key, or the keys, of each name: "sha256//…"',
    },
    first_use = {
      "boolean",
      default = false,
      doc = "hold hosts without a key here to the one with which they were first met",
    },
    port = { "integer", default = 443, min = 1, max = 65535, doc = "where TLS is spoken" },
    alpn = { "list", of = "string", default = { "h2", "http/1.1" }, doc = "protocols to offer" },
    timeout = { "duration", default = "5s", min = "1ms", doc = "how long a host may take" },
  },
}

-- A certificate is shown before the host has proved to have its key: hence the second line. Nothing
-- of what it shows can put that line there, since control characters in names are escaped.
local SCRIPT = [[
said=$(openssl s_client -connect "$1" -servername "$2" ${3:+-alpn "$3"} </dev/null 2>/dev/null) ||
  exit 3
printf '%s\n' "$said" | grep -q '^New, TLSv1\.[23], Cipher is [A-Z]' || exit 3
printf '%s\n' "$said" | openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER |
  openssl dgst -sha256 -binary | openssl base64 -A]]

function tls_certificate:open()
  self.by_name = {}
  for name, keys in pairs(self.options.keys) do
    local wanted = {}
    for _, key in ipairs(type(keys) == "table" and keys or { keys }) do
      wanted[key] = true
    end
    self.by_name[mlx.name.canonical(name) or name] = wanted
  end
end

--- The keys that a name may have; nothing when there are none.
local function wanted_of(self, name, ctx)
  local first = not self.by_name[name] and self.options.first_use and ctx:remembered(name)
  return first and { [first] = true } or self.by_name[name]
end

function tls_certificate:knows(name, ctx)
  return wanted_of(self, name, ctx) ~= nil
end

--- The key with which a host has shaken hands; nothing when it could not be told.
local function key_of(self, name, address, ctx)
  local form = address:find(":", 1, true) and "[%s]:%d" or "%s:%d"
  local target = form:format(address, self.options.port)
  local host, alpn = name:gsub("%.$", ""), table.concat(self.options.alpn, ",")
  local argv = { "sh", "-c", SCRIPT, "sh", target, host, alpn }
  local code, said, why = ctx:run(argv, { timeout = self.options.timeout })
  if not code then
    return nil, said, why
  elseif code == 0 and said:find("^[%w+/]+=*%s*$") then
    return "sha256//" .. said:match("%S+")
  end
end

function tls_certificate:identify(name, address, ctx)
  local wanted = wanted_of(self, name, ctx)
  if not wanted then
    return nil
  end
  local key, message, code = key_of(self, name, address, ctx)
  if not key then
    return nil, message, code
  elseif wanted[key] then
    return true
  end
  return nil, ("has another TLS key than %s: %s"):format(name, key), "EIDENTITY"
end

function tls_certificate:learn(name, address, ctx)
  if self.options.first_use and not wanted_of(self, name, ctx) then
    local key = key_of(self, name, address, ctx)
    return key and ctx:remember(name, key)
  end
end

return tls_certificate
