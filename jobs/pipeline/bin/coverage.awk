# Reads FASTQ whose headers hold `pos=<first base in the genome>`; `size` is the length of the genome.
# Writes lines "depth<TAB>positions".

NR % 4 == 1 {
  start = 0
  for (i = 2; i <= NF; i++) if ($i ~ /^pos=[0-9]+$/) start = substr($i, 5) + 0
  if (start < 1) { printf "coverage: line %d: the header has no pos=\n", NR > "/dev/stderr"; failed = 1; exit 1 }
}
NR % 4 == 2 {
  # Depth goes up by one where a read begins and down by one behind its end; adding these up gives it everywhere.
  n = length($0)
  if (start + n - 1 > size) { printf "coverage: line %d: the read reaches beyond the genome\n", NR > "/dev/stderr"; failed = 1; exit 1 }
  step[start]++
  step[start + n]--
  bases += n
  gc += gsub(/[GC]/, "")
}

END {
  if (failed) exit 1
  least = -1
  for (i = 1; i <= size; i++) {
    depth += step[i]
    positions[depth]++
    if (depth > most) most = depth
    if (least < 0 || depth < least) least = depth
  }
  for (d = least; d <= most; d++) printf "%d\t%d\n", d, positions[d]
  printf "bases\t%d\ngc_bases\t%d\ngc_percent\t%.2f\nmean\t%.2f\nleast\t%d\nmost\t%d\nuncovered\t%d\n",
    bases, gc, bases ? 100 * gc / bases : 0, bases / size, least, most, positions[0] > figures
}
