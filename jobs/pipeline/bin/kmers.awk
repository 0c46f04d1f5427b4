# Counts words of `k` bases in FASTQ. A word and its reverse complement are the same piece of the double strand, so both
# count for the one that comes first in the alphabet. Words are numbers to the base of 4, updated base by base.

BEGIN {
  digit["A"] = 0; digit["C"] = 1; digit["G"] = 2; digit["T"] = 3
  if (k < 1 || k > 12) { print "kmers: K must be from 1 to 12" > "/dev/stderr"; failed = 1; exit 1 }
  size = 4 ^ k
  top = size / 4
}

NR % 4 == 2 {
  n = length($0)
  run = word = reverse = 0
  for (i = 1; i <= n; i++) {
    b = substr($0, i, 1)
    if (!(b in digit)) { run = word = reverse = 0; continue }
    word = (word * 4 + digit[b]) % size
    reverse = int(reverse / 4) + (3 - digit[b]) * top
    if (++run < k) continue
    total++
    count[word < reverse ? word : reverse]++
  }
}

END {
  if (failed) exit 1
  for (word in count) {
    distinct++
    text = ""
    for (rest = word + 0; length(text) < k; rest = int(rest / 4)) text = substr("ACGT", rest % 4 + 1, 1) text
    print count[word] "\t" text
  }
  printf "k\t%d\ntotal\t%d\ndistinct\t%d\n", k, total, distinct > figures
}
