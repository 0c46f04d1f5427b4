# Works out depth and GC content; depth.tsv says how many positions of the genome were read how often.
. bin/step.sh
need reads reads.tsv
need filter kept.fastq filter.tsv

size=$(figure reads.tsv genome_length)
begin
awk -v size="$size" -v figures="$draft/coverage.tsv" -f bin/coverage.awk "$flow/kept.fastq" > "$draft/depth.tsv"
finish depth.tsv coverage.tsv
echo "mean coverage $(figure coverage.tsv mean), GC content $(figure coverage.tsv gc_percent) %, $(figure coverage.tsv uncovered) positions never read"
