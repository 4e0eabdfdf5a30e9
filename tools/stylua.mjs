// Formats every Lua file of the repository in place; with --check, lists those that would change.
// The options are those of .stylua.toml, which editors read.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/build/stylua/");
const stylua = require("@johnnymorganz/stylua");

// the library takes a configuration over, so each file gets one
function configuration() {
  const config = stylua.Config.new();
  config.column_width = 100;
  config.indent_type = stylua.IndentType.Spaces;
  config.indent_width = 2;
  config.quote_style = stylua.QuoteStyle.AutoPreferDouble;
  config.call_parentheses = stylua.CallParenType.NoSingleTable;
  config.syntax = stylua.LuaVersion.LuaJIT;
  return config;
}

const check = process.argv.includes("--check");
const named = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const listed = execFileSync("git", ["ls-files", "*.lua"], { encoding: "utf8" });
// policies with mistakes in them are specimens
const files = (named.length ? named : listed.split("\n")).filter(
  (file) => file && !file.startsWith("spec/policies/"),
);
let differ = 0;
for (const file of files) {
  const text = readFileSync(file, "utf8");
  let formatted;
  try {
    formatted = stylua.formatCode(text, configuration(), undefined, stylua.OutputVerification.None);
  } catch (problem) {
    console.log(`${file}: ${problem}`);
    differ++;
    continue;
  }
  if (formatted === text) continue;
  differ++;
  if (check) console.log(`${file}: not in StyLua form; run tools/stylua`);
  else writeFileSync(file, formatted);
}
process.exit(check && differ > 0 ? 1 : 0);
