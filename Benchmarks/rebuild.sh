# A view built anew from 100,000 state records.
say "a view from 100,000 state records"
"$bin/bench-ViewRebuild" | tee "$bench/rebuild.txt" >&2
rebuild() { sed -n "s|^view rebuild, $1: ||p" "$bench/rebuild.txt"; }
figure "view rebuild" "$(rebuild records/s)" records/s
figure "its memory after a tenth" "$(rebuild 'MiB after a tenth')" MiB
figure "its memory at the end, of that after a tenth" "$(ratio "$(rebuild 'MiB at the end')" "$(rebuild 'MiB after a tenth')")" "" "<=" 1.25
