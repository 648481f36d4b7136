# The embedded log's append against a plain C loop.
say "log append, against a plain C loop"
"$bin/bench-LogAppend" | tee "$bench/log.txt" >&2
figure "log append, of a plain C loop's records/s" \
    "$(sed -n 's/.*median ratio to the plain C loop: //p' "$bench/log.txt")" "" ">=" 0.5
