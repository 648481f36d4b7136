# What the measurements share. To be sourced; expects `bench` (a scratch folder), `bin` (the release build) and `figures`
# (the file that the results go to) to be set by scripts/bench.

say() { printf '==> %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# figure NAME VALUE UNIT RELATION TARGET: a line of the table, e.g. `figure "log append" 0.81 "" ">=" 0.5`; without
# relation and target it is only printed
figure() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "${3:-}" "${4:-}" "${5:-}" >>"$figures"; }

median() { sort -g | awk '{ value[NR] = $1 } END { if (NR == 0) exit 1; print NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", a / b }'; }

now() { date +%s.%N; }

# since START: seconds
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.3f\n", b - a }'; }

# free_port FIRST: the first port from FIRST on where nobody listens on loopback
free_port() {
    local port
    for port in $(seq "$1" "$(($1 + 50))"); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
    fail "no free port from $1 on"
}

# wait_for SECONDS WHAT COMMAND…: until COMMAND succeeds
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || fail "$what did not happen in time (logs are in $bench)"
        sleep 0.05
    done
}

# stop PID…: ends processes of this measurement and waits for them
stop() {
    kill "$@" 2>/dev/null || true
    wait "$@" 2>/dev/null || true
}

# start_registry [NOTIFICATIONS]: with `registry_log=yes` its log says what it sent; a CNCF Distribution registry on loopback; sets `registry` (its address) and `registry_pid`
start_registry() {
    registry=127.0.0.1:$(free_port 5100)
    cat >"$bench/registry.yml" <<YAML
version: 0.1
log: { level: error, accesslog: { disabled: $([ "${registry_log:-no}" = yes ] && echo false || echo true) } }
storage: { filesystem: { rootdirectory: $bench/registry }, delete: { enabled: true } }
http: { addr: $registry }
${1:-}
YAML
    docker-registry serve "$bench/registry.yml" >"$bench/registry.log" 2>&1 &
    registry_pid=$!
    wait_for 20 "the registry answering" curl --fail --silent --max-time 2 "http://$registry/v2/"
}

# start_pratique: an empty `pratique serve`; sets `api`, `webhooks`, `operator` (addresses), `token` and `pratique_pid`
start_pratique() {
    api=127.0.0.1:$(free_port 8480)
    webhooks=127.0.0.1:$(free_port 8580)
    operator=127.0.0.1:$(free_port 8680)
    rm -rf "$bench/data" "$bench/data.key"
    "$bin/pratique" serve --data "$bench/data" --listen "$api" --webhooks "$webhooks" --operator "$operator" \
        --log-level warning >"$bench/pratique.log" 2>&1 &
    pratique_pid=$!
    wait_for 60 "pratique becoming ready" curl --fail --silent --max-time 2 "http://$operator/ready"
    export PRATIQUE_SERVER="http://$api" PRATIQUE_TOKEN
    PRATIQUE_TOKEN=$(<"$bench/data/admin-token")
}

# connect SECRET: tells pratique of the registry, whose webhooks bear SECRET as their Authorization
connect() {
    (umask 077 && printf '%s' "$1" >"$bench/secret")
    "$bin/pratique" registries create bench --url "http://$registry" \
        --webhook-header Authorization --webhook-secret-file "$bench/secret" >/dev/null
}

# busy_ticks PID: how much processor time a process has used
busy_ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# wait_until_idle PID: until a process uses less than 5 % of a processor for a second
wait_until_idle() {
    local deadline=$((SECONDS + 600)) before
    while [ "$SECONDS" -lt "$deadline" ]; do
        before=$(busy_ticks "$1")
        sleep 1
        [ $(($(busy_ticks "$1") - before)) -ge 5 ] || return 0
    done
    fail "process $1 does not come to rest"
}
