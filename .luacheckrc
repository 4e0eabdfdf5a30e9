std = "luajit"
self = false
max_line_length = 100
include_files = { "lua", "plugins", "spec", "examples", "tools", "bench", "rockspec", ".luacheckrc" }
exclude_files = { "lua/meta", "spec/policies", "**/*.c" }
files["spec"].std = "luajit+busted"
files["rockspec"].std = "luajit+rockspec"
