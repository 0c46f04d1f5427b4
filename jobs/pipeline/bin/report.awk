# Takes the figures ("key<TAB>value") of all steps, then depth.tsv and kmers.tsv; writes the files `text` and `json`.

BEGIN { FS = "\t" }

FNR == 1 { name = FILENAME; sub(/.*\//, "", name); sub(/\.tsv$/, "", name) }
name == "depth" { depths++; depth[depths] = $1; positions[depths] = $2; next }
name == "kmers" { words++; count[words] = $1; word[words] = $2; next }
{ figure[name, $1] = $2 + 0 }

function agree(what, one, other) {
  if (one == other) return
  printf "report: the figures disagree: %s: %s against %s\n", what, one, other > "/dev/stderr"
  failed = 1
}

END {
  reads = figure["reads", "reads"]; length_of_read = figure["reads", "read_length"]; size = figure["reads", "genome_length"]
  kept = figure["filter", "kept"]; dropped = figure["filter", "dropped"]
  k = figure["kmers-figures", "k"]; bases = figure["coverage", "bases"]
  for (i = 1; i <= depths; i++) { seen += positions[i]; covered += depth[i] * positions[i]; if (positions[i] > widest) widest = positions[i] }
  true_gc = size ? 100 * figure["reads", "genome_gc"] / size : 0
  gc = figure["coverage", "gc_percent"]

  agree("reads kept and dropped, reads made", kept + dropped, reads)
  agree("bases of the kept reads", bases, kept * length_of_read)
  agree("words counted", figure["kmers-figures", "total"], kept * (length_of_read - k + 1))
  agree("positions in the histogram, length of the genome", seen, size)
  agree("bases in the histogram, bases of the kept reads", covered, bases)
  if (gc - true_gc > 1.5 || true_gc - gc > 1.5) agree("GC content in percent of the reads and of the genome, within 1.5", gc, true_gc)
  if (failed) exit 1

  print "Sequencing run of " due > text
  print "" > text
  printf "reads made        %8d of %d bases\n", reads, length_of_read > text
  printf "reads kept        %8d (%.1f %%)\n", kept, 100 * kept / reads > text
  printf "reads dropped     %8d\n", dropped > text
  printf "wrong bases       %8d in all reads, about %.0f in those kept\n", figure["reads", "wrong_bases"], figure["filter", "expected_wrong_bases"] > text
  printf "genome            %8d bases, GC content %.2f %%\n", size, true_gc > text
  printf "GC of the reads   %8.2f %%\n", gc > text
  printf "mean coverage     %8.2f, from %d to %d\n", figure["coverage", "mean"], figure["coverage", "least"], figure["coverage", "most"] > text
  printf "never read        %8d positions\n", figure["coverage", "uncovered"] > text
  printf "distinct words    %8d of %d bases\n", figure["kmers-figures", "distinct"], k > text

  print "\nMost frequent words" > text
  for (i = 1; i <= words; i++) printf "  %s %6d\n", word[i], count[i] > text
  print "\nDepth: positions" > text
  for (i = 1; i <= depths; i++) printf "  %3d %6d %s\n", depth[i], positions[i], bar(50 * positions[i] / widest) > text

  printf "{\n  \"due\": \"%s\",\n  \"readsMade\": %d,\n  \"readsKept\": %d,\n  \"readsDropped\": %d,\n", due, reads, kept, dropped > json
  printf "  \"genomeLength\": %d,\n  \"genomeGC\": %.2f,\n  \"readsGC\": %.2f,\n", size, true_gc, gc > json
  printf "  \"meanCoverage\": %.2f,\n  \"uncovered\": %d,\n", figure["coverage", "mean"], figure["coverage", "uncovered"] > json
  printf "  \"k\": %d,\n  \"distinctWords\": %d,\n  \"words\": [\n", k, figure["kmers-figures", "distinct"] > json
  for (i = 1; i <= words; i++) printf "    { \"word\": \"%s\", \"count\": %d }%s\n", word[i], count[i], i < words ? "," : "" > json
  print "  ],\n  \"depths\": [" > json
  for (i = 1; i <= depths; i++) printf "    { \"depth\": %d, \"positions\": %d }%s\n", depth[i], positions[i], i < depths ? "," : "" > json
  print "  ]\n}" > json
}

function bar(n,   text) {
  text = ""
  while (n >= 1) { text = text "#"; n-- }
  return text
}
