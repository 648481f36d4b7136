# A whole scan of an image from a local registry against curl, gzip and sha256sum over the same layers; and its peak memory,
# also with a layer over 1 GiB. Nothing is cached; the advisories are the demonstration's few, so their import takes no time.
source Benchmarks/images.sh
say "scan of a Debian image, against curl | gzip -dc | sha256sum"
pairs=${BENCH_PAIRS:-5}
start_registry
push debian bench/debian:1
push large bench/large:1

# layers IMAGE: the digests of its layers
layers() {
    skopeo inspect --raw --tls-verify=false "docker://$registry/$1:1" |
        python3 -c 'import json, sys; print("\n".join(layer["digest"] for layer in json.load(sys.stdin)["layers"]))'
}

# plainly IMAGE DIGEST…: what a shell does with the layers
plainly() {
    local image=$1 digest
    shift
    for digest in "$@"; do
        curl --fail --silent "http://$registry/v2/$image/blobs/$digest" | gzip -dc | sha256sum >/dev/null
    done
}

# scan IMAGE [OPTION…]: status 0, 1 and 4 are verdicts; `timed` sees to it that there is an inventory
scan() {
    local image=$1 status=0
    shift
    "${before[@]}" "$bin/pratique" scan "$registry/$image:1" --offline --no-cache \
        --advisories scripts/demo-data/advisories "$@" 2>"$bench/scan.log" || status=$?
    case $status in 0 | 1 | 4) ;; *) fail "the scan of $image ended with status $status: $(<"$bench/scan.log")" ;; esac
}
before=()

# packages IMAGE: how many it finds
packages() { scan "$1" --format json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["packages"]))'; }

mapfile -t digests < <(layers bench/debian)
found=$(packages bench/debian)
[ "$found" -ge 80 ] || fail "the scan finds $found packages only"
plainly bench/debian "${digests[@]}"
echo "${#digests[@]} layers, $found packages" >&2

: >"$bench/scan-ratios"
for pair in $(seq "$pairs"); do
    start=$(now)
    plainly bench/debian "${digests[@]}"
    plain=$(since "$start")
    start=$(now)
    scan bench/debian --quiet >/dev/null
    took=$(since "$start")
    ratio "$took" "$plain" | tee -a "$bench/scan-ratios" >"$bench/ratio"
    echo "pair $pair: scan $took s, shell $plain s, ratio $(<"$bench/ratio")" >&2
done
figure "scan of a Debian image, of the shell's wall time" "$(median <"$bench/scan-ratios")" "" "<=" 1.3

# peak IMAGE: MiB
peak() {
    before=(/usr/bin/time --format %M --output "$bench/peak.txt")
    scan "$1" --quiet >/dev/null
    before=()
    awk '/^[0-9]+$/ { printf "%.0f\n", $1 / 1024 }' "$bench/peak.txt"
}
debian=$(for _ in 1 2 3; do peak bench/debian; done | median)
large=$(for _ in 1 2 3; do peak bench/large; done | median)
figure "peak memory of that scan" "$debian" MiB "<=" 150
figure "peak memory with a layer of 1.3 GiB" "$large" MiB "<=" 150
figure "the second of the first" "$(ratio "$large" "$debian")" "" "<=" 1.1
stop "$registry_pid"
