-- Sends the requests of a file in turn and checks every answer: its status is 200, and its length one of those given.
-- Where no lengths are given, it must not contain "errors".
-- Arguments: the file, whose lines are an Authorization header, a tab and a body; then the lengths, separated by commas.
local prepared, next_one, lengths, has_lengths = {}, 0, {}, false
wrong = 0

function init(arguments)
  for length in (arguments[2] or ""):gmatch("%d+") do
    lengths[tonumber(length)] = true
    has_lengths = true
  end
  for line in io.lines(arguments[1]) do
    local authorization, body = line:match("^([^\t]*)\t(.*)$")
    local headers = {
      ["Authorization"] = authorization,
      ["Content-Type"] = "application/json",
      ["Accept"] = "application/json",
    }
    prepared[#prepared + 1] = wrk.format("POST", "/graphql", headers, body)
  end
end

function request()
  next_one = next_one % #prepared + 1
  return prepared[next_one]
end

function is_good(body)
  if has_lengths then return lengths[#body] end
  return not body:find('"errors"', 1, true)
end

function response(status, headers, body)
  if status ~= 200 or not is_good(body) then wrong = wrong + 1 end
end

local threads = {}

function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency, requests)
  local all_wrong = 0
  for _, thread in ipairs(threads) do all_wrong = all_wrong + thread:get("wrong") end
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "max": %f, "wrong": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    latency.max / 1000, all_wrong, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
