# Whole scans against the physical floor, which is inflating the same layers one after the other with igzip, and against other
# scanners where they are installed (syft, trivy). Nothing is cached.
source Benchmarks/images.sh
say "scans against igzip -dc, syft and trivy"
pairs=${BENCH_PAIRS:-5}
start_registry
for image in debian one tiny; do push "$image" "floor/$image:1"; done

# floor IMAGE: inflates its layers
floor() {
    local digest
    for digest in $(skopeo inspect --raw --tls-verify=false "docker://$registry/floor/$1:1" |
        python3 -c 'import json, sys; print("\n".join(layer["digest"] for layer in json.load(sys.stdin)["layers"]))'); do
        igzip -dc "$images/layout/blobs/sha256/${digest#sha256:}" >/dev/null
    done
}

# scan SOURCE: status 0, 1 and 4 are verdicts
scan() {
    local status=0
    /usr/bin/time --format %M --output "$bench/peak.txt" "$bin/pratique" scan "$1" --offline --no-cache --quiet \
        --advisories scripts/demo-data/advisories >/dev/null 2>"$bench/scan.log" || status=$?
    case $status in 0 | 1 | 4) ;; *) fail "the scan of $1 ended with status $status: $(<"$bench/scan.log")" ;; esac
}

syft_scan() {
    SYFT_CHECK_FOR_APP_UPDATE=false SYFT_REGISTRY_INSECURE_USE_HTTP=true \
        syft scan "registry:$registry/floor/debian:1" --quiet --output json >/dev/null
}

# Without archives of Java: it would load an index for them from the network.
trivy_scan() {
    rm -rf "$bench/trivy"
    trivy image --input "$images/layout:debian" --cache-dir "$bench/trivy" --quiet --format cyclonedx --offline-scan \
        --skip-db-update --skip-java-db-update --skip-version-check --skip-files '**/*.jar' >/dev/null 2>"$bench/trivy.log"
}

# compare NAME TARGET OTHER… -- SOURCE: the scan's wall time in that of the other command, median of pairs
compare() {
    local name=$1 target=$2 start other took source pair
    shift 2
    local command=()
    while [ "$1" != -- ]; do command+=("$1") && shift; done
    source=$2
    : >"$bench/floor-ratios"
    for pair in $(seq "$pairs"); do
        start=$(now)
        "${command[@]}"
        other=$(since "$start")
        start=$(now)
        scan "$source"
        took=$(since "$start")
        ratio "$took" "$other" | tee -a "$bench/floor-ratios" >"$bench/ratio"
        echo "pair $pair: scan $took s, ${command[*]} $other s, ratio $(<"$bench/ratio")" >&2
    done
    figure "$name" "$(median <"$bench/floor-ratios")" "" "<=" "$target"
}

compare "scan of a Debian image, of igzip's wall time" 1.5 floor debian -- "$registry/floor/debian:1"
compare "scan of one large layer, of igzip's wall time" 1.5 floor one -- "$registry/floor/one:1"
figure "peak memory of that scan" "$(awk '/^[0-9]+$/ { printf "%.0f\n", $1 / 1024 }' "$bench/peak.txt")" MiB "<=" 100
if command -v syft >/dev/null; then
    compare "scan of the Debian image, of syft's wall time" 0.167 syft_scan -- "$registry/floor/debian:1"
else
    echo "note: no syft on the PATH" >&2
fi
if command -v trivy >/dev/null; then
    compare "scan of the Debian image, of trivy's wall time" 0.5 trivy_scan -- "oci:$images/layout:debian"
else
    echo "note: no trivy on the PATH" >&2
fi
for run in 1 2 3 4 5; do
    start=$(now)
    scan "$registry/floor/tiny:1"
    since "$start"
done >"$bench/tiny"
figure "scan of a tiny image, the whole command" "$(median <"$bench/tiny")" s "<=" 0.1
stop "$registry_pid"

# Layers with tables of contents, of which only the packages are wanted. Another registry: it must not know the layers.
rm -rf "$bench/registry"
registry_log=yes start_registry
skopeo --insecure-policy copy --quiet --dest-decompress "oci:$images/layout:debian" "dir:$bench/plain"
# Debian's skopeo sometimes ends there with a short write.
for try in 1 2 3 4 5; do
    skopeo --insecure-policy copy --quiet --format oci --dest-compress-format zstd:chunked --dest-tls-verify=false \
        "dir:$bench/plain" "docker://$registry/floor/chunked:1" && break
    [ "$try" != 5 ] || fail "skopeo cannot push layers as zstd:chunked"
done
rm -rf "$bench/plain"
size=$(skopeo inspect --raw --tls-verify=false "docker://$registry/floor/chunked:1" |
    python3 -c 'import json, sys; print(sum(layer["size"] for layer in json.load(sys.stdin)["layers"]))')
: >"$bench/registry.log"
"$bin/pratique" sbom "$registry/floor/chunked:1" --packages-only --no-cache >/dev/null 2>&1
sent=$(grep --text --only-matching --extended-regexp 'GET /v2/floor/chunked/blobs/[^"]*" 20[06] [0-9]+' "$bench/registry.log" |
    awk '{ sum += $NF } END { print sum }')
figure "bytes fetched of layers with tables, packages only" "$(ratio "$sent" "$size")" "" "<=" 0.05
stop "$registry_pid"
