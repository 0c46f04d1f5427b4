# Copies the report into a release folder, checks the copy, and switches the link `current` to the newest release.
# A release bears its time and the beginning of its checksum: the same result again is the same release.
. bin/step.sh
need report report.txt report.json
need kmers kmers.tsv
need coverage depth.tsv

releases="$pipeline/releases"
begin
mkdir -p "$releases" "$draft/release"
(cd "$flow" && cp report.txt report.json kmers.tsv depth.tsv "$draft/release/")
(cd "$flow" && sha256sum report.txt report.json kmers.tsv depth.tsv) > "$draft/release/SHA256SUMS"
(cd "$draft/release" && sha256sum --quiet -c SHA256SUMS) || fail "the copy differs from $flow"

sum=$(sha256sum < "$draft/release/SHA256SUMS" | cut -c 1-8)
release="$(date -u -d "@$ROTA_DUE_EPOCH" +%Y%m%dT%H%M%SZ)-$sum"
if [ -d "$releases/$release" ]; then
  echo "$release is published already"
else
  mv -T "$draft/release" "$releases/$release"
  echo "published $release"
fi
finish

# A link is replaced by renaming another over it: readers find the old release or the new one, never none.
# Of several releases the newest is current, also when an older flow ends later.
newest=$(ls "$releases" | sort | tail -n 1)
ln -sfn "releases/$newest" "$pipeline/current.tmp"
mv -T "$pipeline/current.tmp" "$pipeline/current"
echo "current is $newest"

ls "$releases" | sort -r | tail -n "+$((KEEP + 1))" | while read -r old; do
  rm -rf "${releases:?}/$old"
  echo "dropped $old"
done
# The work of earlier flows goes once nothing in it has changed for a while.
find "$pipeline/flows" -mindepth 1 -maxdepth 1 -type d -mmin "+$KEEP_FLOWS_MINUTES" -exec rm -rf {} +
