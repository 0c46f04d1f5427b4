# Draws `reads` reads of `read_length` bases from the genome in FASTA and writes them as FASTQ; the header of each tells
# where it came from. Quality falls towards the end of a read, and a base is wrong as often as its quality says.
# The file `figures` gets what is known of the whole.

function random() {
  state = (state * 16807) % 2147483647
  return state / 2147483647
}

/^>/ { next }
{ genome = genome $0 }

END {
  size = length(genome)
  if (size < read_length) { print "reads: the genome is shorter than a read" > "/dev/stderr"; exit 1 }
  complement["A"] = "T"; complement["C"] = "G"; complement["G"] = "C"; complement["T"] = "A"
  for (i = 1; i <= size; i++) {
    base[i] = substr(genome, i, 1)
    if (base[i] == "G" || base[i] == "C") gc++
  }
  for (q = 2; q <= 40; q++) {
    letter[q] = sprintf("%c", q + 33)
    wrong[q] = 10 ^ (-q / 10)
  }
  state = seed % 2147483646 + 1
  for (i = 1; i <= 10; i++) random()

  for (r = 1; r <= reads; r++) {
    start = int(random() * (size - read_length + 1)) + 1
    forward = random() < 0.5
    start_quality = random() < 0.12 ? 16 + int(random() * 6) : 33 + int(random() * 8)
    drop = 4 + int(random() * 10)
    bases = qualities = ""
    for (i = 0; i < read_length; i++) {
      q = start_quality - int(drop * i / read_length) + int(random() * 7) - 3
      if (q < 2) q = 2
      if (q > 40) q = 40
      b = forward ? base[start + i] : complement[base[start + read_length - 1 - i]]
      if (random() < wrong[q]) {
        errors++
        b = substr(others(b), int(random() * 3) + 1, 1)
      }
      bases = bases b
      qualities = qualities letter[q]
    }
    printf "@read%06d pos=%d strand=%s\n%s\n+\n%s\n", r, start, forward ? "+" : "-", bases, qualities
  }
  printf "reads\t%d\nread_length\t%d\ngenome_length\t%d\ngenome_gc\t%d\nwrong_bases\t%d\n", reads, read_length, size, gc, errors > figures
}

# The three bases that `b` is not.
function others(b) {
  return b == "A" ? "CGT" : b == "C" ? "AGT" : b == "G" ? "ACT" : "ACG"
}
