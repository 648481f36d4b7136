# Durable acceptance of webhooks by the whole of `pratique serve`, against the same HTTP server answering an empty handler.
# Intake, catalogue and read model work meanwhile; a run begins when they have come to rest.
say "webhook acceptance, against an empty handler"
pairs=${BENCH_PAIRS:-5}
seconds=${BENCH_SECONDS:-8}
registry_name=bench

export BENCH_SECRET="Bearer bench-webhook-secret" BENCH_BODY="$bench/notification.json"
start_registry
start_pratique
connect "$BENCH_SECRET"

# What the registry would send for a push, with a digest that it does not have: the name is asked for and is not there.
cat >"$BENCH_BODY" <<JSON
{
   "events": [
      {
         "id": "320678d8-ca14-430f-8bb6-4ca139cd83f7",
         "timestamp": "2024-03-09T14:44:26.402973972-08:00",
         "action": "push",
         "target": {
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "size": 708,
            "digest": "sha256:fea8895f450959fa676bcc1df0611ea93823a735a01205fd8622846041d0c7cf",
            "length": 708,
            "repository": "team/app",
            "url": "http://$registry/v2/team/app/manifests/sha256:fea8895f450959fa676bcc1df0611ea93823a735a01205fd8622846041d0c7cf",
            "tag": "latest"
         },
         "request": {
            "id": "6df24a34-0959-4923-81ca-14f09767db19",
            "addr": "192.168.64.11:42961",
            "host": "$registry",
            "method": "PUT",
            "useragent": "curl/7.38.0"
         },
         "actor": {},
         "source": {
            "addr": "bench.local:5000",
            "instanceID": "a53db899-3b4b-4a62-a067-8dd013beaca4"
         }
      }
   ]
}
JSON

"$bin/bench-EmptyHandler" >"$bench/empty.txt" 2>"$bench/empty.log" &
empty_pid=$!
wait_for 20 "the empty handler listening" grep -q . "$bench/empty.txt"
empty=127.0.0.1:$(<"$bench/empty.txt")

# load ADDRESS: prints requests/s, requests, failed requests
load() {
    wrk -t1 -c64 -d"${seconds}s" -s Benchmarks/webhooks.lua "http://$1/webhooks/$registry_name" >"$bench/wrk.txt"
    sed -n 's/^result //p' "$bench/wrk.txt"
}

# counted NAME: a counter of pratique
counted() { curl --silent "http://$operator/metrics" | awk -v name="pratique_log_$1_total" '$1 == name { n = $2 } END { print n + 0 }'; }

: >"$bench/webhook-ratios"
for pair in $(seq "$pairs"); do
    read -r empty_rate _ empty_bad <<<"$(load "$empty")"
    commits=$(counted commits)
    read -r rate requests bad <<<"$(load "$webhooks")"
    commits=$(($(counted commits) - commits))
    [ "$bad" = 0 ] && [ "$empty_bad" = 0 ] || fail "requests failed: $bad webhooks, $empty_bad empty ones"
    ratio "$rate" "$empty_rate" | tee -a "$bench/webhook-ratios" >"$bench/ratio"
    echo "pair $pair: $rate webhooks/s ($requests in $commits fsyncs), empty handler $empty_rate requests/s, ratio $(<"$bench/ratio")" >&2
    wait_until_idle "$pratique_pid"
done
figure "webhook acceptance, of an empty handler's requests/s" "$(median <"$bench/webhook-ratios")" "" ">=" 0.3
stop "$empty_pid" "$pratique_pid" "$registry_pid"
