# The images that are measured; made once, kept in .build/bench-images. Remove that folder to have them made anew.
images=$PWD/.build/bench-images
if [ ! -f "$images/complete" ]; then
    say "making the images (a Debian root from ${BENCH_MIRROR:-http://deb.debian.org/debian}; takes a few minutes)"
    rm -rf "$images"
    mkdir -p "$images"
    Benchmarks/debian-image.sh "$images/layout" "$bench/images"
    touch "$images/complete"
fi

# push IMAGE AS: pushes an image of the layout to the registry
push() { skopeo --insecure-policy copy --quiet --dest-tls-verify=false "oci:$images/layout:$1" "docker://$registry/$2"; }
