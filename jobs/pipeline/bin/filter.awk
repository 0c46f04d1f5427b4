# Reads FASTQ and writes the records whose mean probability of error is that of quality `least` or better.
# (Qualities are logarithms: their own mean would hide a few very bad bases among many good ones.)

function refuse(what) {
  printf "filter: line %d: %s\n", NR, what > "/dev/stderr"
  refused = 1
  exit 1
}

BEGIN {
  for (q = 0; q <= 93; q++) wrong[sprintf("%c", q + 33)] = 10 ^ (-q / 10)
  limit = 10 ^ (-least / 10)
}

NR % 4 == 1 { if ($0 !~ /^@/) refuse("a record begins with @"); header = $0 }
NR % 4 == 2 { if ($0 !~ /^[ACGTN]+$/) refuse("bases are A, C, G, T and N"); bases = $0 }
NR % 4 == 3 { if ($0 !~ /^\+/) refuse("the third line of a record begins with +") }
NR % 4 == 0 {
  n = length($0)
  if (n != length(bases)) refuse("there are not as many qualities as bases")
  sum = 0
  for (i = 1; i <= n; i++) {
    letter = substr($0, i, 1)
    if (!(letter in wrong)) refuse("a quality is a printing character")
    sum += wrong[letter]
  }
  if (sum / n <= limit) {
    kept++
    expected += sum
    print header "\n" bases "\n+\n" $0
  } else {
    dropped++
  }
}

END {
  if (refused) exit 1
  if (NR % 4 != 0) refuse("the last record is cut off")
  printf "kept\t%d\ndropped\t%d\nmin_quality\t%d\nexpected_wrong_bases\t%.1f\n", kept, dropped, least, expected > figures
}
