# Makes genome.fa, reads.fastq and the figures of both. The genome is always the same, the reads depend on the slot.
. bin/step.sh

begin
awk -v seed="$GENOME_SEED" -v length_of_genome="$GENOME_LENGTH" -v gc="$GENOME_GC" -f bin/genome.awk > "$draft/genome.fa"
awk -v seed="$ROTA_DUE_EPOCH" -v reads="$READS" -v read_length="$READ_LENGTH" -v figures="$draft/reads.tsv" \
  -f bin/reads.awk "$draft/genome.fa" > "$draft/reads.fastq"
finish genome.fa reads.fastq reads.tsv
echo "$(figure reads.tsv reads) reads of $READ_LENGTH bases from a genome of $(figure reads.tsv genome_length) bases"
echo "in $flow"
