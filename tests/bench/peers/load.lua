-- Sends the requests of a file in turns, and checks that every answer is as long as one may be: an error never is.
-- The file: lines of an Authorization header, a tab and a body. Then the lengths, separated by commas.
local prepared, next_one, lengths = {}, 0, {}
wrong = 0

function init(arguments)
  for length in arguments[2]:gmatch("%d+") do lengths[tonumber(length)] = true end
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

function response(status, headers, body)
  if status ~= 200 or not lengths[#body] then wrong = wrong + 1 end
end

local threads = {}

function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency, requests)
  local all_wrong = 0
  for _, thread in ipairs(threads) do all_wrong = all_wrong + thread:get("wrong") end
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "wrong": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    all_wrong, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
