# Drops reads of low quality; kept.fastq has the rest.
. bin/step.sh
need reads reads.fastq reads.tsv

begin
awk -v least="$MIN_QUALITY" -v figures="$draft/filter.tsv" -f bin/filter.awk "$flow/reads.fastq" > "$draft/kept.fastq"
finish kept.fastq filter.tsv
echo "kept $(figure filter.tsv kept) reads, dropped $(figure filter.tsv dropped) below quality $MIN_QUALITY"
