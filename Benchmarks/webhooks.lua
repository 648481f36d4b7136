-- For wrk: one notification, again and again. BENCH_BODY names the file with its body, BENCH_SECRET is its Authorization.
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/vnd.docker.distribution.events.v1+json"
wrk.headers["Authorization"] = os.getenv("BENCH_SECRET")
file:close()

done = function(summary, latency, requests)
    local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
        + summary.errors.timeout
    io.write(string.format("result %.1f %d %d\n", summary.requests / summary.duration * 1e6, summary.requests, bad))
end
