# Five processes over Kafka: how scanners add up, and what the brokers cost between push and verdict.
say "five processes over Kafka"
rounds=${BENCH_ROUNDS:-100}
images=${BENCH_IMAGES:-600}
secret="Bearer bench-fleet-secret"

# start_brokers: those of PRATIQUE_BENCH_KAFKA, whose Pratique topics are made anew, or librdkafka's test cluster with
# every topic; sets `brokers`
start_brokers() {
    brokers=${PRATIQUE_BENCH_KAFKA:-}
    if [ -n "$brokers" ]; then
        wait_for 60 "the members' end" "$bin/bench-KafkaLog" clear
        "$bin/pratique" admin topics apply --kafka-brokers "$brokers" >/dev/null
        checks=true
        return
    fi
    rm -f "$bench/questions" "$bench/brokers" && mkfifo "$bench/questions"
    "$bin/bench-KafkaLog" cluster pratique <"$bench/questions" >"$bench/brokers" &
    brokers_pid=$!
    exec {questions}>"$bench/questions"
    wait_for 20 "the test cluster" test -s "$bench/brokers"
    brokers=$(head -n 1 "$bench/brokers")
    # It has no settings of topics.
    checks=false
}

stop_brokers() {
    [ -z "${questions:-}" ] || exec {questions}>&-
    [ -z "${brokers_pid:-}" ] || stop "$brokers_pid"
    questions='' brokers_pid=''
}

# start_service NAME NUMBER [VARIABLE=VALUE…]: adds its pid to `fleet`
start_service() {
    local name=$1 data=$bench/fleet/$1-$2 port
    shift 2
    port=$(free_port 8700)
    mkdir -p "$data"
    env PRATIQUE_KAFKA_BROKERS="$brokers" PRATIQUE_KAFKA_CHECK_TOPICS="$checks" PRATIQUE_DATA_FOLDER="$data" \
        PRATIQUE_OPERATOR_LISTEN="127.0.0.1:$port" PRATIQUE_HTTP_ALLOWED_ADDRESSES=127.0.0.0/8 \
        PRATIQUE_LOG_LEVEL=warning PRATIQUE_CREDENTIAL_KEYS="$keys" "$@" "$bin/$name" >"$data.log" 2>&1 &
    fleet+=($!)
    wait_for 60 "$name becoming ready" curl --fail --silent --max-time 2 "http://127.0.0.1:$port/ready"
    [ "$name" != scanner ] || scanner_operator=127.0.0.1:$port
}

# start_fleet SCANNERS: sets what `start_pratique` sets, and `fleet`
start_fleet() {
    local number
    rm -rf "$bench/fleet"
    fleet=()
    keys=k-1:$(head -c 32 /dev/zero | base64)
    api=127.0.0.1:$(free_port 8480)
    webhooks=127.0.0.1:$(free_port 8580)
    start_brokers
    start_service webhook-gateway 1 PRATIQUE_API_LISTEN="$api" PRATIQUE_WEBHOOKS_LISTEN="$webhooks" \
        PRATIQUE_REGISTRIES_PLAIN_HTTP=127.0.0.1
    start_service policy-evaluator 1
    for number in $(seq "$1"); do start_service scanner "$number"; done
    wait_for 60 "the first token" test -s "$bench/fleet/webhook-gateway-1/webhook-gateway/admin-token"
    export PRATIQUE_SERVER="http://$api" PRATIQUE_TOKEN
    PRATIQUE_TOKEN=$(<"$bench/fleet/webhook-gateway-1/webhook-gateway/admin-token")
}

stop_fleet() {
    stop "${fleet[@]}"
    stop_brokers
}

ask() { curl --fail --silent --header "Authorization: Bearer $PRATIQUE_TOKEN" "http://$api/api/v1/$1"; }

# How many images have a verdict.
count_judged() {
    ask summary | python3 -c '
import json, sys
counts = json.load(sys.stdin)
print(sum(counts.get(status, 0) for status in ["compliant", "non-compliant", "undetermined"]))'
}

reached() { [ "$(count_judged)" -ge "$1" ]; }

# scan_rate SCANNERS: images per second that get a verdict, of a registry that answers each layer after 200 ms. The clock
# starts when a twentieth of them has one: until then scanners join their group, and names are asked for.
scan_rate() {
    local start first slow slow_pid
    start_fleet "$1"
    slow=127.0.0.1:$(free_port 5200)
    python3 Benchmarks/small_images.py serve "$slow" "$images" 200 &
    slow_pid=$!
    wait_for 30 "the slow registry" curl --fail --silent "http://$slow/v2/"
    "$bin/pratique" registries create bench --url "http://$slow" >/dev/null
    seq -f "bench/load/app-%g:1" 0 $((images - 1)) | xargs "$bin/pratique" images register >/dev/null
    wait_for 600 "the first verdicts" reached $((images / 20))
    start=$(now) first=$(count_judged)
    wait_for 600 "a verdict for every image" reached "$images"
    ratio $((images - first)) "$(since "$start")"
    stop_fleet
    stop "$slow_pid"
}

for scanners in 1 2 4; do
    scan_rate "$scanners" | tee "$bench/rate-$scanners" >&2
    figure "$scanners scanners" "$(<"$bench/rate-$scanners")" images/s
done
for scanners in 2 4; do
    linear=$(awk -v one="$(<"$bench/rate-1")" -v n="$scanners" 'BEGIN { print one * n }')
    figure "$scanners scanners, of $scanners times one" "$(ratio "$(<"$bench/rate-$scanners")" "$linear")" "" ">=" 0.9
done

# push_times FILE FIRST: pushes images one after the other, and writes the seconds from each push's end to its verdict
push_times() {
    local number start
    : >"$1"
    for number in $(seq "$2" $(($2 + rounds - 1))); do
        skopeo --insecure-policy copy --quiet --dest-tls-verify=false "oci:$bench/layout:$number" \
            "docker://$registry/team/app-$number:1"
        start=$(now)
        until ask "images/bench/team/app-$number:1" 2>/dev/null |
            grep --quiet --extended-regexp '"status" ?: ?"(compliant|non-compliant|undetermined)"'; do
            awk -v start="$start" -v now="$(now)" 'BEGIN { exit now - start > 60 }' || fail "no verdict for image $number"
        done
        since "$start" >>"$1"
    done
}

# start_background: 100,000 requests in the background, of a registry that answers each layer after 200 ms and has the
# first 2,000 images; returns when scans of them have begun
start_background() {
    slow=127.0.0.1:$(free_port 5200)
    python3 Benchmarks/small_images.py serve "$slow" 2000 200 &
    slow_pid=$!
    wait_for 30 "the slow registry" curl --fail --silent "http://$slow/v2/"
    "$bin/pratique" registries create load --url "http://$slow" >/dev/null
    python3 Benchmarks/small_images.py digests 2000 | "$bin/bench-BackgroundRequests" "$brokers" load 100000 >&2
    wait_for 60 "the first scans in the background" background_scans
}

scans() { curl --silent "http://$scanner_operator/metrics" | awk '/^pratique_scans_total/ { sum += $2 } END { print sum + 0 }'; }
background_scans() { [ "$(scans)" -gt $((rounds + 10)) ]; }

# percentile PERCENT: of the numbers on standard input, one a line
percentile() { sort -g | awk -v p="$1" '{ a[NR] = $1 } END { i = int(NR * p / 100 + 0.999999); print a[i < 1 ? 1 : i] }'; }

say "from push to verdict, over Kafka and with the embedded log"
rm -rf "$bench/layout"
python3 Benchmarks/small_images.py layout "$bench/layout" $((2 * rounds))
for log in kafka embedded; do
    rm -rf "$bench/registry"
    if [ "$log" = kafka ]; then start_fleet 1; else start_pratique; fi
    start_registry "notifications:
  endpoints: [{ name: pratique, url: \"http://$webhooks/webhooks/bench\", headers: { Authorization: [\"$secret\"] }, timeout: 5s, threshold: 3, backoff: 1s }]"
    connect "$secret"
    push_times "$bench/push-$log" 0
    if [ "$log" = kafka ]; then
        start_background
        push_times "$bench/push-loaded" "$rounds"
        say "scans meanwhile: $(scans)"
        stop "$slow_pid"
    fi
    stop "$registry_pid"
    if [ "$log" = kafka ]; then stop_fleet; else stop "$pratique_pid"; fi
done
kafka=$(median <"$bench/push-kafka")
embedded=$(median <"$bench/push-embedded")
figure "push to verdict, embedded log" "$embedded" s
limit=$(awk -v e="$embedded" 'BEGIN { print (3 * e > 0.15) ? 3 * e : 0.15 }')
figure "push to verdict, over Kafka" "$kafka" s "<=" "$limit"
idle=$(percentile 99 <"$bench/push-kafka")
loaded=$(percentile 99 <"$bench/push-loaded")
figure "push to verdict, 99th percentile, idle" "$idle" s
figure "push to verdict, 99th percentile, 100,000 waiting" "$loaded" s
figure "of the idle 99th percentile" "$(ratio "$loaded" "$idle")" "" "<=" 2
