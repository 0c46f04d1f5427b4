# Writes a genome of `length_of_genome` bases, `gc` of a hundred of them G or C, as FASTA.
# GATTACAT is planted into it 12 times, so that counting words has something to find.

# The generator of Park and Miller. Its products stay below 2^46, so every awk computes them exactly.
function random() {
  state = (state * 16807) % 2147483647
  return state / 2147483647
}

BEGIN {
  state = seed % 2147483646 + 1
  for (i = 1; i <= 10; i++) random()
  for (i = 1; i <= length_of_genome; i++) {
    if (random() < gc / 100) base[i] = random() < 0.5 ? "G" : "C"
    else base[i] = random() < 0.5 ? "A" : "T"
  }
  motif = "GATTACAT"
  for (n = 0; n < 12; n++) {
    start = int((n + 0.5) * length_of_genome / 12)
    for (j = 1; j <= length(motif); j++) base[start + j] = substr(motif, j, 1)
  }
  print ">demo length=" length_of_genome
  for (i = 1; i <= length_of_genome; i++) printf "%s%s", base[i], (i % 60 == 0 || i == length_of_genome) ? "\n" : ""
}
