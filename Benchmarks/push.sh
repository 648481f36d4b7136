# From the end of a push to the verdict: `pratique serve` from an empty data folder, so no layer is known. Then what a
# scan takes by the scanner's own clock where all layers are known and only the configuration is new.
source Benchmarks/images.sh
say "from push to verdict"
rounds=${BENCH_ROUNDS:-3}
secret="Bearer bench-push-secret"

# judged IMAGE: whether the API shows a verdict of it
judged() {
    curl --fail --silent --header "Authorization: Bearer $PRATIQUE_TOKEN" "http://$api/api/v1/images?q=$1" |
        grep --quiet --extended-regexp '"status" ?: ?"(compliant|non-compliant|undetermined)"'
}

# round IMAGE NAME: pushes, waits, prints the seconds since the push ended
round() {
    local start
    push "$1" "$2"
    start=$(now)
    wait_for 120 "a verdict for $2" judged "$2"
    since "$start"
}

# scan_time sum|count: of the scanner's histogram
scan_time() { curl --fail --silent "http://$operator/metrics" | awk -v name="pratique_scan_seconds_$1" '$1 == name { print $2 }'; }

# scanned COUNT: whether so many images have been read
scanned() { [ "$(scan_time count)" -ge "$1" ]; }

: >"$bench/first" && : >"$bench/again"
for _ in $(seq "$rounds"); do
    rm -rf "$bench/registry"
    start_pratique
    "$bin/pratique" advisories import "$PWD/scripts/demo-data/advisories" >/dev/null
    start_registry "notifications:
  endpoints: [{ name: pratique, url: \"http://$webhooks/webhooks/bench\", headers: { Authorization: [\"$secret\"] }, timeout: 5s, threshold: 3, backoff: 1s }]"
    connect "$secret"
    round debian team/debian:1 | tee -a "$bench/first" >&2
    round debian team/again:1 | tee -a "$bench/again" >&2
    if [ ! -s "$bench/known" ]; then
        before=$(scan_time sum) && count=$(scan_time count)
        for number in $(seq 20); do
            python3 Benchmarks/relabel.py "$registry" team/debian 1 "$((number + 1))" "$((number + 1))"
            wait_for 60 "a scan" scanned "$((count + number))"
        done
        awk -v before="$before" -v after="$(scan_time sum)" 'BEGIN { printf "%.1f\n", (after - before) * 1000 / 20 }' >"$bench/known"
    fi
    stop "$pratique_pid" "$registry_pid"
done
figure "push to verdict, no layer known" "$(median <"$bench/first")" s "<=" 5
figure "scan of an image whose layers are known, mean of 20" "$(<"$bench/known")" ms "<=" 30
figure "push to verdict, image known" "$(median <"$bench/again")" s "<=" 5
