# Counts words of K bases; kmers.tsv has the TOP most frequent ones.
. bin/step.sh
need filter kept.fastq filter.tsv

begin
awk -v k="$K" -v figures="$draft/kmers-figures.tsv" -f bin/kmers.awk "$flow/kept.fastq" |
  sort -k 1,1nr -k 2,2 > "$draft/all"
[ -s "$draft/kmers-figures.tsv" ] || fail "the words could not be counted"
head -n "$TOP" "$draft/all" > "$draft/kmers.tsv"
finish kmers.tsv kmers-figures.tsv
echo "$(figure kmers-figures.tsv distinct) distinct words of $K bases among $(figure kmers-figures.tsv total); the most frequent:"
head -n 5 "$flow/kmers.tsv"
