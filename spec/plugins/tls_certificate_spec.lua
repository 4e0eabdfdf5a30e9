local identity_bed = require("support.identity_bed")
local mlx = require("mlxresolve")
local netns = require("support.netns")

local KEY = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

describe("plugin tls_certificate", function()
  local b

  local function open(options, ...)
    b = identity_bed.open(mlx.use("tls_certificate", options))
    local result = { ... }
    b.world.programs.sh = function()
      return unpack(result, 1, 4)
    end
  end

  local function shown(key)
    return key:match("^sha256//(.*)$")
  end

  it("confirms a host that has shaken hands with the name's key", function()
    open({ keys = { ["Mini2.local"] = KEY }, port = 50051 }, 0, shown(KEY), "")
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    local argv = b.world.ran[1].argv
    assert.same({ "sh", "-c" }, { argv[1], argv[2] })
    assert.same({ "10.0.0.5:50051", "mini2.local", "h2,http/1.1" }, { unpack(argv, 5) })
    assert.is_true(b:identify("mini2.local.", "fe80::1%eth0"))
    assert.equal("[fe80::1%eth0]:50051", b.world.ran[2].argv[5])
  end)

  it("confirms a host by one of several keys", function()
    open({ keys = { ["mini2.local"] = { "sha256//other=", KEY } } }, 0, shown(KEY), "")
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
  end)

  it("refuses a host with another key", function()
    open({ keys = { ["mini2.local"] = "sha256//other=" } }, 0, shown(KEY), "")
    local ok, message, code = b:identify("mini2.local.", "10.0.0.5")
    assert.is_nil(ok)
    assert.equal("has another TLS key than mini2.local.: " .. KEY, message)
    assert.equal("EIDENTITY", code)
  end)

  it("cannot tell where nobody shakes hands, and asks nobody about other names", function()
    open({ keys = { ["mini2.local"] = KEY } }, 3, "", "")
    assert.same({}, { b:identify("mini2.local.", "10.0.0.5") })
    assert.same({}, { b:identify("mini9.local.", "10.0.0.5") })
    assert.equal(1, #b.world.ran)
  end)

  it("hands on that it takes too long", function()
    open({ keys = { ["mini2.local"] = KEY }, timeout = "300ms" }, 0, shown(KEY), "", 400)
    assert.equal("ETIMEOUT", select(3, b:identify("mini2.local.", "10.0.0.5")))
  end)

  it("remembers the key that a host had when it was first met", function()
    open({ first_use = true }, 0, shown(KEY), "")
    assert.is_false(b:knows("mini2.local."))
    assert.is_true(b:learn("mini2.local.", "10.0.0.5"))
    assert.is_true(b:identify("mini2.local.", "10.0.0.5"))
    b.world.programs.sh = function()
      return 0, "b3RoZXI=", ""
    end
    assert.equal("EIDENTITY", select(3, b:identify("mini2.local.", "10.0.0.5")))
  end)

  it("tells real servers apart by their keys, and believes no certificate alone", function()
    local out = netns.check([[
      local mlx = require("mlxresolve")
      local uv = require("luv")
      local function sh(line)
        assert(os.execute(line) == 0, line)
      end
      local function capture(line)
        local pipe = assert(io.popen(line))
        local text = pipe:read("*a")
        pipe:close()
        return (text:gsub("%s+$", ""))
      end
      local folder = capture("mktemp -d")
      -- without any network, questions are not worth a wait
      sh("ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up; "
        .. "ip addr add 192.0.2.1/24 dev v0")
      local function certificate(name)
        sh(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 "
          .. "-subj /CN=%s -keyout %s/%s.key -out %s/%s.crt 2>/dev/null"):format(
          name, folder, name, folder, name))
        return "sha256//" .. capture(("openssl x509 -in %s/%s.crt -noout -pubkey | "
          .. "openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | "
          .. "openssl base64 -A"):format(folder, name))
      end
      local key, other = certificate("mini2"), certificate("other")
      for port, files in pairs { [4431] = "mini2 mini2", [4432] = "other other" } do
        local cert, private = files:match("(%S+) (%S+)")
        sh(("openssl s_server -accept %d -cert %s/%s.crt -key %s/%s.key -quiet "
          .. "%s </dev/null >/dev/null 2>&1 &"):format(
          port, folder, cert, folder, private, port == 4431 and "-tls1_2" or ""))
      end
      -- Shows the certificate of the first, and breaks off where it would have to sign with it.
      local impostor = uv.new_tcp()
      impostor:bind("127.0.0.1", 4435)
      impostor:listen(8, function()
        local client, server = uv.new_tcp(), uv.new_tcp()
        impostor:accept(client)
        server:connect("127.0.0.1", 4431, function()
          client:read_start(function(_, data)
            if data then
              server:write(data)
            end
          end)
          server:read_start(function(_, data)
            client:write((data or ""):sub(1, -150), function()
              client:close()
              server:close()
            end)
          end)
        end)
      end)
      local plain = uv.new_tcp()
      plain:bind("127.0.0.1", 4433)
      plain:listen(8, function()
        local client = uv.new_tcp()
        plain:accept(client)
        client:write("New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384\n", function()
          client:close()
        end)
      end)
      for port = 4431, 4432 do
        for _ = 1, 200 do
          if os.execute(("grep -q ':%04X ' /proc/net/tcp /proc/net/tcp6"):format(port)) == 0 then
            break
          end
          uv.sleep(10)
        end
      end
      local function identify(port, keys)
        local results
        local resolver = assert(mlx.open(mlx.policy { deadline = "20s", strategies = { mlx.use {
          name = "asker",
          options = { check = { "plugin", kind = "identify" } },
          check = mlx.use("tls_certificate", { keys = { ["mini2.local"] = keys }, port = port }),
          resolve = function(self, query)
            results = { self.options.check:identify("mini2.local.", "127.0.0.1") }
            return query:nodata(0)
          end,
        } } }))
        resolver:resolve("who.test", { types = { "A" } }, function(...)
          results = results or { "no result", ... }
          resolver:close()
          uv.stop()
        end)
        uv.run()
        print(results[1], results[3], results[2] == nil or results[2]:find(other, 1, true) ~= nil)
      end
      identify(4431, key)
      identify(4432, key)
      identify(4432, { key, other })
      identify(4433, key)
      identify(4434, key)
      identify(4435, key)
      sh("rm -r " .. folder)]])
    assert.equal(
      "true\tnil\ttrue\nnil\tEIDENTITY\ttrue\ntrue\tnil\ttrue\nnil\tnil\ttrue\n"
        .. "nil\tnil\ttrue\nnil\tnil\ttrue\n",
      out
    )
  end)
end)
