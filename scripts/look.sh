#!/usr/bin/env bash
# Takes pictures of the closure report in a real browser, at the widths that
# matter, light and dark, for a person to look at. Not part of `make test`.
#
# usage: scripts/look.sh [FILE.html]...   (default: the reports of the tests)
set -euo pipefail
cd "$(dirname "$0")/.."

browser=$(command -v chromium || command -v google-chrome) || {
    echo "error: no chromium" >&2
    echo "  apt-get install --no-install-recommends chromium" >&2
    exit 1
}
if [ $# -eq 0 ]; then
    cargo test --quiet --test closure_output the_page_holds
    set -- target/tmp/closure-*.html
fi

profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
out=target/look
mkdir -p "$out"

# shot PAGE PICTURE SIZE [OPTION]...
shot() {
    local page=$1 picture=$2 size=$3
    shift 3
    "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
        --user-data-dir="$profile" --screenshot="$picture" --window-size="$size" "$@" \
        "file://$page" 2>"$profile/log" || {
        cat "$profile/log" >&2
        exit 1
    }
    echo "$picture"
}

for page in "$@"; do
    page=$(realpath "$page")
    name=$(basename "$page" .html)
    # Chromium's window is at least 500 pixels wide; a frame is as narrow as we like.
    frame=$profile/frame.html
    printf '<!doctype html><body style="margin:0"><iframe src="file://%s" style="border:0;width:400px;height:1400px"></iframe>' \
        "$page" >"$frame"
    shot "$page" "$out/$name-1280.png" 1280,900
    shot "$page" "$out/$name-1280-dark.png" 1280,900 --blink-settings=preferredColorScheme=0
    shot "$page" "$out/$name-800.png" 800,900
    shot "$frame" "$out/$name-400.png" 520,1400
done
