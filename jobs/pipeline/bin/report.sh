# Checks the figures of all steps against each other and joins them into report.txt and report.json.
. bin/step.sh
need reads reads.tsv
need filter filter.tsv
need kmers kmers.tsv kmers-figures.tsv
need coverage depth.tsv coverage.tsv

begin
awk -v due="$ROTA_DUE" -v text="$draft/report.txt" -v json="$draft/report.json" -f bin/report.awk \
  "$flow/reads.tsv" "$flow/filter.tsv" "$flow/kmers-figures.tsv" "$flow/coverage.tsv" "$flow/depth.tsv" "$flow/kmers.tsv"
finish report.json report.txt
cat "$flow/report.txt"
