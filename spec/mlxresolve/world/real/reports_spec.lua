local shell = require("support.shell")

describe("mlxresolve.world.real.reports", function()
  it("hands what any thread of C reports to the resolvers that take it", function()
    local folder = shell.temp_folder()
    shell.write(
      folder .. "/threads.c",
      [[
      #include <pthread.h>
      extern int (*report)(const char *, const char *);
      int (*report)(const char *, const char *);
      static void *work(void *name) {
        report(name, "192.0.2.7");
        return 0;
      }
      void start(int (*fn)(const char *, const char *)) {
        static const char *const names[] = {"a.test", "b.test", "c.test"};
        pthread_t threads[3];
        report = fn;
        for (int i = 0; i < 3; i++)
          pthread_create(&threads[i], 0, work, (void *)names[i]);
        for (int i = 0; i < 3; i++)
          pthread_join(threads[i], 0);
      }]]
    )
    local compile = "cc -shared -fPIC -o %s/threads.so %s/threads.c -lpthread"
    assert.equal(0, os.execute(compile:format(folder, folder)))
    local code = ([[
      package.path, package.cpath = %q, %q
      local ffi, uv = require("ffi"), require("luv")
      ffi.cdef("int mlxr_report_failure(const char *, const char *);"
        .. "void start(int (*)(const char *, const char *));")
      local mlx = require("mlxresolve")
      local library = ffi.load(package.searchpath("mlxresolve", package.cpath))
      local function open(reports)
        local policy = mlx.policy {
          strategies = { mlx.use { name = "none", resolve = function() end } },
        }
        local resolver = assert(mlx.open(policy, { reports = reports }))
        local heard = {}
        function resolver.report_failure(_, name, address)
          heard[#heard + 1] = name .. " " .. address
        end
        return resolver, heard
      end
      local one, heard = open(true)
      local other, deaf = open(false)
      ffi.load(%q).start(library.mlxr_report_failure)
      local timer = uv.new_timer()
      timer:start(5, 5, function()
        if #heard >= 3 then
          timer:close()
          table.sort(heard)
          print(table.concat(heard, ", "), #deaf)
          one:close()
          other:close()
        end
      end)
      uv.run()
      print(library.mlxr_report_failure("a.test", nil))]]):format(
      package.path,
      package.cpath,
      folder .. "/threads.so"
    )
    shell.write(folder .. "/code.lua", code)
    local pipe = assert(io.popen("timeout 20 luajit " .. folder .. "/code.lua 2>&1"))
    local out = pipe:read("*a")
    pipe:close()
    shell.remove_folder(folder)
    assert.equal("a.test. 192.0.2.7, b.test. 192.0.2.7, c.test. 192.0.2.7\t0\n-20010\n", out)
  end)
end)
