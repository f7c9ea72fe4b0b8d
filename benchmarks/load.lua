-- A script for wrk: posts a file's content; at the end prints what was answered, and how fast, as JSON.
-- wrk ... -s load.lua URL -- BODY [NAME VALUE]...: headers follow the file's name
-- PAUSE_MS: a connection waits so long on average, at random, before it asks again
local pause = tonumber(os.getenv("PAUSE_MS") or 0)

function init(arguments)
  if pause > 0 then
    delay = function() return math.random(0, 2 * pause) end
  end
  wrk.method = "POST"
  local file = assert(io.open(arguments[1], "rb"))
  wrk.body = file:read("*a")
  file:close()
  for i = 2, #arguments, 2 do wrk.headers[arguments[i]] = arguments[i + 1] end
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format(
    '{"rate": %.1f, "p50": %.4f, "p99": %.4f, "p999": %.4f, "errors": %d}',
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
