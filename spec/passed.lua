--- Output for busted: the plain one, then a closing line that counts, `N passed, N failed`. A run
--- without tests fails.
return function(options)
  local busted = require("busted")
  local handler = require("busted.outputHandlers.plainTerminal")(options)
  busted.subscribe({ "exit" }, function()
    local failed = handler.failuresCount + handler.errorsCount
    local ran = handler.successesCount + failed
    if ran == 0 then
      print("no test ran")
      failed = 1
    end
    local skipped = handler.pendingsCount
    print(("%d passed, %d failed, %d skipped"):format(handler.successesCount, failed, skipped))
    if ran == 0 then
      os.exit(1, true)
    end
    return nil, true
  end)
  return handler
end
