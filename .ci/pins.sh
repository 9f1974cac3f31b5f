#!/bin/sh
# The images that docker-compose.yml names by tag and digest, as ${VARIABLE:-tag@digest}.
#   check   names those that have no digest yet; that is a warning
#   update  asks their registries for the digests, and writes them (`make pins`)
#   local   exports the tag alone of each image that was built on this machine under a pinned tag: no registry has it
set -eu
cd "$(dirname "$0")/.."
file=docker-compose.yml
pins() { sed -n 's/.*\${\([A-Z_]*_IMAGE\):-\([^}]*\)}.*/\1 \2/p' "$file" | grep -v '^BANKCHURN_IMAGE ' | sort -u; }

case ${1-} in
check)
  pins | while read -r _ image; do
    case $image in *@sha256:*) ;; *) echo "$file: $image has no digest: \`make pins\` looks it up where its registry can be reached" >&2 ;; esac
  done
  ;;
update)
  pins | while read -r variable image; do
    tag=${image%@*}
    digest=$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$tag") || exit 1
    sed -i.before "s|\${$variable:-[^}]*}|\${$variable:-$tag@$digest}|" "$file" && rm "$file.before"
    echo "$tag: $digest"
  done
  ;;
local)
  pins | while read -r variable image; do
    tag=${image%@*}
    case $image in *@*) ;; *) continue ;; esac
    eval "[ -z \"\${$variable-}\" ]" || continue
    # An image that came from a registry knows its digest there; one that was built here has none.
    digests=$(docker image inspect --format '{{len .RepoDigests}}' "$tag" 2>/dev/null) || continue
    [ "$digests" = 0 ] || continue
    echo "$tag was built on this machine: it is taken in place of the pinned image" >&2
    echo "export $variable=$tag"
  done
  ;;
*) sed -n '2,5s/^# //p' "$0" >&2 && exit 2 ;;
esac
